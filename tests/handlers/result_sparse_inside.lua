-- A sparse array inside another table is written like any other value.
--
-- event: 1
-- response: [[1,null,3],[4],"end"]
-- event: 2
-- response: {"list":[1,null,3]}
-- event: 3
-- response: [{"2":"b"},"end"]
-- event: 4
-- error: Runtime.MarshalError: result[2][3]: a function value cannot be JSON
-- event: 5
-- response: [[[3,2,1],[6,5,4]],[9,8,7]]
local coldmoon = require("coldmoon")
local function backwards(a, b, c)
  local t = {}
  t[3] = c t[2] = b t[1] = a
  return t
end
local results = {
  { { 1, nil, 3 }, { 4 }, "end" },
  { list = { 1, nil, 3 } },
  { coldmoon.object { [2] = "b" }, "end" },
  { 1, { 1, nil, print } },
  { { backwards(3, 2, 1), backwards(6, 5, 4) }, backwards(9, 8, 7) },
}
return { handler = function(event) return results[event] end }
