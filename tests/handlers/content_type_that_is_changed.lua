-- A content type that was put in place behind the back of coldmoon.raw and is none does not reach the request.
--
-- event: 1
-- response: bytes
-- content-type: application/octet-stream
-- event: 2
-- response: bytes
-- content-type: application/octet-stream
-- event: 3
-- response: bytes
-- content-type: text/plain
local coldmoon = require "coldmoon"
local changes = { "text/plain\r\nX-Header: 1", {}, "text/plain" }
return {
  handler = function(event)
    local raw = coldmoon.raw("bytes", "text/html")
    raw[2] = changes[event]
    return raw
  end,
}
