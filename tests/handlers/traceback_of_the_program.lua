-- A debug.traceback that the program has put in place translates the positions of the stack.
--
-- event: 1
-- error: LuaError: app.lua:14: no such order
-- stack: [C]: in function 'error'
-- stack: app.ts:140: in function 'find'
-- stack: app.ts:150: in function 'handler'
local original = debug.traceback
debug.traceback = function(...)
  local trace = original(...)
  return (trace:gsub("app%.lua:(%d+)", function(line) return "app.ts:" .. line * 10 end))
end
local function find(id)
  error("no such order") end
local function handler(event) local order = find(event) return order end
return { handler = handler }
