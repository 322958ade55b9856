-- In string mode nil is null and what is no string is an error; coldmoon.raw works as ever.
--
-- env: COLDMOON_EVENT=STRING
-- event: nil
-- response: null
-- event: table
-- error: Runtime.MarshalError: result: in string mode the handler returns a string, not a table
-- event: raw
-- response: <p>
-- content-type: text/html
-- event: error
-- error: LuaError: no
-- event: number
-- response: 5
local coldmoon = require("coldmoon")
return {
  handler = function(event)
    if event == "nil" then return nil end
    if event == "table" then return {} end
    if event == "raw" then return coldmoon.raw("<p>", "text/html") end
    if event == "error" then return nil, "no" end
    return 5
  end,
}
