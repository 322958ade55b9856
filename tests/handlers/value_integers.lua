-- Integers up to 2^53 in size are numbers, larger ones that fit 64 bits are cdata; all come back digit for digit.
--
-- event: [0,1,-1,42,1234567890123456]
-- response: {"number":[0,1,-1,42,1234567890123456]}
-- event: [9007199254740991,9007199254740992,-9007199254740991,-9007199254740992]
-- response: {"number":[9007199254740991,9007199254740992,-9007199254740991,-9007199254740992]}
-- event: [9007199254740993,-9007199254740993,9223372036854775807,-9223372036854775808]
-- response: {"int64_t":[9007199254740993,-9007199254740993,9223372036854775807,-9223372036854775808]}
-- event: [9223372036854775808,18446744073709551615]
-- response: {"uint64_t":[9223372036854775808,18446744073709551615]}
local ffi = require("ffi")
return {
  handler = function(event)
    local kinds = {}
    for i, value in ipairs(event) do
      local kind = type(value)
      if kind == "cdata" then kind = ffi.istype("int64_t", value) and "int64_t" or ffi.istype("uint64_t", value) and "uint64_t" or "cdata" end
      kinds[kind] = kinds[kind] or {}
      kinds[kind][i] = value
    end
    return kinds
  end,
}
