-- Recursion without end is an error, in all its forms, and the process lives on.
--
-- event: 1
-- error: LuaError: …stack overflow…
-- event: 2
-- error: LuaError: …
-- event: 3
-- error: LuaError: …
-- event: 4
-- error: LuaError: …
-- event: 5
-- response: 5
local function dive(n) return 1 + dive(n + 1) end
local object = setmetatable({}, { __index = function(self, key) return self[key .. "x"] end })
return {
  handler = function(event)
    if event == 1 then return dive(1) end
    if event == 2 then return object.x end
    if event == 3 then local function sort(a, b) table.sort({ 3, 2, 1 }, sort) return a < b end table.sort({ 1, 2, 3 }, sort) end
    if event == 4 then return require("a") end
    return event
  end,
}
---- file: a.lua
return require("b")
---- file: b.lua
return require("a")
