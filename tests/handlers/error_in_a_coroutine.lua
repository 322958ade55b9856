-- What a coroutine of coroutine.wrap raises is shown with its own stack, through as many as there are; what resume returned is an error of
-- the place that raises it again; what is caught is none.
--
-- event: 1
-- error: LuaError: app.lua:42: app.lua:36: inside
-- stack: [C]: in function 'error'
-- stack: app.lua:36: in function 'fail'
-- stack: app.lua:37: in function <app.lua:37>
-- stack: app.lua:42: in function 'handler'
-- event: 2
-- response: [false,"app.lua:36: inside"]
-- event: 3
-- response: [1,2,3]
-- event: 4
-- error: LuaError: …attempt to yield…
-- event: 5
-- error: LuaError: app.lua:46: app.lua:38: app.lua:36: inside
-- stack: [C]: in function 'error'
-- stack: app.lua:36: in function 'fail'
-- stack: app.lua:37: in function <app.lua:37>
-- stack: app.lua:38: in function <app.lua:38>
-- stack: app.lua:46: in function 'handler'
-- event: 6
-- error: LuaError: app.lua:36: inside
-- stack: [C]: in function 'error'
-- stack: app.lua:49: in function 'handler'
-- event: 7
-- error: LuaError: app.lua:51: cannot resume dead coroutine
-- stack: [C]: in function 'f'
-- stack: app.lua:51: in function 'handler'
-- event: 8
-- error: Custom: a table keeps its type
-- stack: [C]: in function 'error'
-- stack: app.lua:54: in function <app.lua:54>
-- stack: app.lua:54: in function 'handler'
local function fail() error("inside") end
local function failing() local x = fail() return x end
local function resuming() local x = coroutine.wrap(failing)() return x end

return {
  handler = function(event)
    if event == 1 then local x = coroutine.wrap(failing)() return x end
    if event == 2 then return { coroutine.resume(coroutine.create(fail)) } end
    if event == 4 then coroutine.yield(1) end
    if event == 5 then
      local x = coroutine.wrap(resuming)() return x
    end
    if event == 6 then
      local ok, why = coroutine.resume(coroutine.create(fail)) if not ok then error(why, 0) end
    end
    if event == 7 then local f = coroutine.wrap(function() end) f() f() end
    if event == 8 then
      -- What is no string gets no position in front.
      local x = coroutine.wrap(function() error({ type = "Custom", message = "a table keeps its type" }) end)() return x
    end
    local list = {}
    for value in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do list[#list + 1] = value end
    return list
  end,
}
