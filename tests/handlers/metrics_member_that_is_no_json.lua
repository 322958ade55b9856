-- A member that cannot be JSON is an error of its document; the next one is written.
--
-- event: 1
-- error: LuaError: …coldmoon.json.encode: value.bad: a function value cannot be JSON
-- event: 2
-- response: null
-- stdout: {"_aws":{…},"Accepted":2}
local metrics = require("coldmoon.metrics").new "Shop"
return {
  handler = function(event)
    if event == 1 then metrics:set("bad", print) end
    metrics:put("Accepted", event)
    metrics:flush()
  end,
}
