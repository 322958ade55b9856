-- The stack trace names file, line and function of every frame, innermost first.
--
-- handler: api/app.serve
-- event: 1
-- error: LuaError: api/app.lua:4: no user
-- stack: [C]: in function 'error'
-- stack: api/app.lua:4: in function 'find'
-- stack: api/app.lua:8: in function 'get'
-- stack: api/app.lua:12: in function 'serve'
-- event: 2
-- error: LuaError: lib.lua:2: deep
-- stack: [C]: in function 'error'
-- stack: lib.lua:2: in function 'fail'
-- stack: api/app.lua:13: in function 'serve'
---- file: api/app.lua
local lib = require("lib")
local M = {}
local function find(id)
  error("no user")
end
local users = {}
function users.get(id)
  local user = find(id)
  return user
end
function M.serve(event)
  if event == 1 then local u = users.get(event) return u end
  local x = lib.fail()
  return x
end
return M
---- file: lib.lua
return { fail = function()
  error("deep")
end }
