-- coldmoon.array and coldmoon.object say what a table is, empty or not.
--
-- event: 1
-- response: [[],{},{},[1],[]]
-- event: 2
-- response: {"1":"a","2":"b"}
-- event: 3
-- response: {"x":[]}
-- event: 4
-- error: LuaError: …coldmoon.array: the table already has a metatable
local coldmoon = require("coldmoon")
return {
  handler = function(event)
    if event == 1 then return { coldmoon.array {}, coldmoon.object {}, {}, coldmoon.array { 1 }, coldmoon.array() } end
    if event == 2 then return coldmoon.object { "a", "b" } end
    if event == 3 then return { x = coldmoon.array(coldmoon.object {}) } end
    return coldmoon.array(setmetatable({}, {}))
  end,
}
