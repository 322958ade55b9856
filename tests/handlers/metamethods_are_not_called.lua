-- Metamethods are not called while a result is encoded.
--
-- event: 1
-- response: {"a":1}
local function fail() error("called") end
return {
  handler = function()
    return setmetatable({ a = 1 }, { __index = fail, __len = fail, __pairs = fail, __ipairs = fail, __tostring = fail, __call = fail })
  end,
}
