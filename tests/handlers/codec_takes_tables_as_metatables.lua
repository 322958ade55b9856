-- What is no table cannot become a metatable, also where the codec is called as it is.
--
-- event: 1
-- response: "nil nil"
local codec = require "coldmoon.codec"
return {
  handler = function()
    local _, array = codec.decode("[1]", 1, 4, 100, nil, "no table", 5)
    local _, object = codec.decode("{}", 1, 4, 100, nil, true, print)
    collectgarbage()
    return tostring(getmetatable(array)) .. " " .. tostring(getmetatable(object))
  end,
}
