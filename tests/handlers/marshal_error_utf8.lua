-- A string that is not UTF-8 is an error that names its path and points to coldmoon.raw and base64.
--
-- event: 1
-- error: Runtime.MarshalError: result: the string is not UTF-8 at byte 1…coldmoon.raw…base64
-- event: 2
-- error: Runtime.MarshalError: result.image.bytes: the string is not UTF-8 at byte 6…
-- event: 3
-- error: Runtime.MarshalError: …the string is not UTF-8 at byte 1…
-- event: 4
-- error: Runtime.MarshalError: …the string is not UTF-8 at byte 3…
-- event: 5
-- response: "\ud800 é 😀"
-- event: 6
-- error: Runtime.MarshalError: …the string is not UTF-8…
local results = {
  "\255\216\255\224",
  { image = { bytes = "hello\200" } },
  { ["\192\128"] = 1 },
  "ab\195",
  "\237\160\128 \195\169 \240\159\152\128",
  "\244\144\128\128",
}
return { handler = function(event) return results[event] end }
