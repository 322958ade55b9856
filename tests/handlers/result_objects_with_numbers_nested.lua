-- Tagged objects with number keys in each other take time in proportion to their size.
--
-- event: 40
-- response: {{{"1":*40}}1{{}*40}}
local coldmoon = require("coldmoon")
return {
  handler = function(event)
    local t = 1
    for _ = 1, event do t = coldmoon.object { t } end
    return t
  end,
}
