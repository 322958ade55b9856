-- A tail call leaves no frame behind: the stack shows what was called, and then the handler, where it begins.
--
-- event: 1
-- error: LuaError: app.lua:21: inside
-- stack: [C]: in function 'error'
-- stack: app.lua:21: in function <app.lua:21>
-- stack: app.lua:25: in function 'handler'
-- event: 2
-- error: LuaError: as it is
-- stack: app.lua:25: in function 'handler'
-- event: 3
-- error: LuaError: app.lua:21: inside
-- stack: [C]: in function 'error'
-- stack: app.lua:21: in function <app.lua:21>
-- stack: app.lua:25: in function 'handler'
-- event: 4
-- error: LuaError: app.lua:30: app.lua:21: inside
-- stack: [C]: in function 'error'
-- stack: app.lua:21: in function <app.lua:21>
-- stack: app.lua:30: in function 'handler'
local function fail() local level = 1 error("inside", level) end
local function again() return fail() end

return {
  handler = function(event)
    if event == 1 then return fail() end
    if event == 2 then return error("as it is", 0) end
    if event == 3 then return again() end
    -- The coroutine's own function is gone, what it has called is there.
    local x = coroutine.wrap(again)() return x
  end,
}
