-- A stack that an error brings may be of any length and of any bytes: what is too much is cut, and the error is reported at once.
--
-- event: 200000
-- error: LuaError: many frames
-- event: 0
-- error: LuaError: {{\x01*131064}}
-- event: 1
-- response: 1
return {
  handler = function(count)
    if count == 1 then return 1 end
    if count == 0 then error { message = ("\1"):rep(200000), stackTrace = ("\1"):rep(200000) } end
    local frames = {}
    for number = 1, count do frames[number] = "f" .. number .. ":1: in function 'f'" end
    error { message = "many frames", stackTrace = table.concat(frames, "\n") }
  end,
}
