-- What cannot be JSON is left out of a log entry, however often it stands there; the rest is written.
--
-- event: 2000
-- response: 2000
-- stdout: [INFO] … m {"list":[1,{"a":2}]}
local coldmoon, log = require "coldmoon", require "coldmoon.log"
return {
  handler = function(event)
    local list = { 1, print }
    for _ = 1, event do list[#list + 1] = coldmoon.raw("bytes") end
    list[#list + 1] = { a = 2, b = coldmoon.stream(print) }
    log.info("m", { list = list })
    return event
  end,
}
