-- An error in a coroutine that is passed on is an error like any other; one that is caught is none.
--
-- event: 1
-- error: LuaError: …app.lua:13: inside
-- stack: …
-- stack: app.lua:16: in function 'handler'
-- event: 2
-- response: [false,"app.lua:13: inside"]
-- event: 3
-- response: [1,2,3]
-- event: 4
-- error: LuaError: …attempt to yield…
local function fail() error("inside") end
return {
  handler = function(event)
    if event == 1 then local x = coroutine.wrap(fail)() return x end
    if event == 2 then return { coroutine.resume(coroutine.create(fail)) } end
    if event == 4 then coroutine.yield(1) end
    local list = {}
    for value in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do list[#list + 1] = value end
    return list
  end,
}
