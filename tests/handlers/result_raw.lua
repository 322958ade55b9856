-- coldmoon.raw posts bytes as they are, with a content type.
--
-- event: 1
-- response: <p>\xff\x00</p>
-- content-type: text/html; charset=utf-8
-- event: 2
-- response: \x00\x01\x02
-- content-type: application/octet-stream
-- event: 3
-- response: 
-- content-type: application/octet-stream
-- event: 4
-- response: {"json":1}
-- content-type: application/json
local coldmoon = require("coldmoon")
return {
  handler = function(event)
    if event == 1 then return coldmoon.raw("<p>\255\0</p>", "text/html; charset=utf-8") end
    if event == 2 then return coldmoon.raw("\0\1\2") end
    if event == 3 then return coldmoon.raw("") end
    return { json = 1 }
  end,
}
