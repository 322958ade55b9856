-- An object with __tostring gives its text; one whose metamethods raise is reported all the same.
--
-- event: 1
-- error: LuaError: as text
-- event: 2
-- error: LuaError: …
-- event: 3
-- error: Typed: as text
-- event: 4
-- error: LuaError: …
-- event: 5
-- error: LuaError: …
-- event: 6
-- error: ByIndex: ByIndex
-- event: 7
-- response: 7
local function object(t, tostring, index) return setmetatable(t, { __tostring = tostring, __index = index }) end
local function text() return "as text" end
local function fail() error("again") end
return {
  handler = function(event)
    if event == 1 then error(object({}, text)) end
    if event == 2 then error(object({}, fail)) end
    if event == 3 then error(object({ type = "Typed" }, text)) end
    if event == 4 then error(object({}, text, fail)) end
    if event == 5 then error(object({}, function() return {} end)) end
    if event == 6 then error(object({}, nil, function() return "ByIndex" end)) end
    return event
  end,
}
