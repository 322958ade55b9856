-- nil and a second value are an error, as if the second value had been raised.
--
-- event: 1
-- error: LuaError: no such file
-- event: 2
-- error: NotFound: nobody
-- event: 3
-- response: null
-- event: 4
-- response: false
-- event: 5
-- error: LuaError: false
-- event: 6
-- response: "value"
return {
  handler = function(event)
    if event == 1 then return nil, "no such file" end
    if event == 2 then return nil, { type = "NotFound", message = "nobody" } end
    if event == 3 then return nil, nil, "third" end
    if event == 4 then return false, "not an error" end
    if event == 5 then return nil, false end
    return "value", "ignored"
  end,
}
