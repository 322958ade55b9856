-- A debug.traceback of the program that raises, returns no text or too few lines leaves the stack as it is.
--
-- event: "raise"
-- error: LuaError: app.lua:23: bad
-- stack: [C]: in function 'error'
-- stack: app.lua:23: in function 'handler'
-- event: "number"
-- error: LuaError: app.lua:23: bad
-- stack: [C]: in function 'error'
-- stack: app.lua:23: in function 'handler'
-- event: "short"
-- error: LuaError: app.lua:23: bad
-- stack: [C]: in function 'error'
-- stack: app.lua:23: in function 'handler'
-- event: "gone"
-- error: LuaError: app.lua:23: bad
-- stack: [C]: in function 'error'
-- stack: app.lua:23: in function 'handler'
local how
local results = { number = 7, short = "one line\n" }
debug.traceback = function() return results[how] or error("from the traceback") end
return { handler = function(event) how = event if event == "gone" then debug = nil end
  error("bad") end }
