-- A mistake in the program is a LuaError with its position.
--
-- event: 1
-- error: LuaError: app.lua:17: attempt to index …missing… (a nil value)
-- stack: app.lua:17: in function 'handler'
-- event: 2
-- error: LuaError: app.lua:18: attempt to call global 'nothing' (a nil value)
-- event: 3
-- error: LuaError: app.lua:20: attempt to perform arithmetic on local 'event' (a table value)
-- event: {}
-- error: LuaError: app.lua:20: attempt to perform arithmetic on local 'event' (a table value)
-- stack: app.lua:20: in function 'handler'
-- event: 4
-- error: LuaError: app.lua:21: bad argument #1 to 'ipairs' (table expected, got nil)
return {
  handler = function(event)
    if event == 1 then return ({}).missing.field end
    if event == 2 then return nothing() + 0 end
    if event == 3 then event = {} end
    if type(event) == "table" then return event + 1 end
    for _ in ipairs(nil) do end
  end,
}
