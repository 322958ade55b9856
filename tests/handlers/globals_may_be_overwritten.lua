-- A function may empty the global table, every library and package.loaded, and the runtime still works.
--
-- event: {"id":9223372036854775807,"list":[1,null],"text":"\u00e9"}
-- response: {"list":[1,null]}
-- event: [18446744073709551615,9007199254740993]
-- response: [18446744073709551615,9007199254740993]
-- event: 2
-- error: LuaError: broken
-- event: [3]
-- error: LuaError: described
local pairs, type, error, setmetatable, _G, loaded = pairs, type, error, setmetatable, _G, package.loaded
local libraries = { string, table, math, os, io, coroutine, debug, package, jit, bit, loaded, _G }
for i = 1, 12 do
  for name in pairs(libraries[i]) do libraries[i][name] = nil end
end
return {
  handler = function(event)
    if event == 2 then error("broken", 0) end
    if event[1] == 3 then error(setmetatable({}, { __tostring = function() return "described" end })) end
    return event.list and { list = event.list } or event
  end,
}
