-- A __tostring that raises in print is the function's error, and one that returns no string too.
--
-- event: 1
-- error: LuaError: app.lua:15: no text
-- event: 2
-- error: LuaError: …'tostring' must return a string…
-- event: 3
-- response: 3
-- stdout: before
-- stdout: …
-- stdout: after
return {
  handler = function(event)
    if event == 1 then print("before") print(setmetatable({}, { __tostring = function()
      error("no text") end })) end
    if event == 2 then print(setmetatable({}, { __tostring = function() return {} end })) end
    io.write("x\n")
    print("after")
    return event
  end,
}
