-- The limit is the same whatever the result's last bytes are, and for raw bytes.
--
-- event: "number"
-- response: ["{{x*6291550}}",1]
-- event: "boolean"
-- response: ["{{x*6291547}}",true]
-- event: "escape"
-- response: ["{{x*6291547}}","\n"]
-- event: "cdata"
-- response: ["{{x*6291550}}",7]
-- event: "raw"
-- response: {{y*6291556}}
-- content-type: application/octet-stream
-- event: "raw over"
-- error: Function.ResponseSizeTooLarge: …
local coldmoon = require("coldmoon")
return {
  handler = function(event)
    if event == "number" then return { ("x"):rep(6291550), 1 } end
    if event == "boolean" then return { ("x"):rep(6291547), true } end
    if event == "escape" then return { ("x"):rep(6291547), "\n" } end
    if event == "cdata" then return { ("x"):rep(6291550), 7LL } end
    return coldmoon.raw(("y"):rep(event == "raw" and 6291556 or 6291557))
  end,
}
