-- A finaliser that raises ends nothing and spoils nothing: it is an entry of the log, and the stack of a later error is that error's own.
--
-- event: 1
-- response: 1
-- event: 2
-- error: Runtime.MarshalError: result: a function value cannot be JSON
-- event: 3
-- error: LuaError: app.lua:28: own
-- stack: [C]: in function 'error'
-- stack: app.lua:28: in function 'handler'
-- stdout: [ERROR] … error in a finaliser: app.lua:18: oops
-- stdout: [ERROR] … error in a finaliser: app.lua:18: oops
-- stdout: [ERROR] … error in a finaliser: (error object is a table value)
-- stdout: [ERROR] … error in a finaliser: app.lua:18: oops
local ffi = require "ffi"
ffi.cdef "typedef struct { int a; } finalised;"

local function fail() error("oops") end

return {
  handler = function(event)
    getmetatable(newproxy(true)).__gc = fail
    collectgarbage()
    if event == 1 then return 1 end
    if event == 2 then ffi.gc(ffi.new("finalised"), function() error({}) end) collectgarbage() return print end
    local x = newproxy(true)
    getmetatable(x).__gc = fail
    error("own")
  end,
}
