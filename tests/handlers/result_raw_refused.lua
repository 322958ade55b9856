-- coldmoon.raw refuses a content type that would break the request, and what is no string.
--
-- event: 1
-- error: LuaError: app.lua:16: bad argument #2 to 'raw' (not a content type)
-- event: 2
-- error: LuaError: app.lua:16: bad argument #2 to 'raw' (not a content type)
-- event: 3
-- error: LuaError: app.lua:16: bad argument #1 to 'raw' (string expected, got nil)
-- event: 4
-- error: Runtime.MarshalError: result.body: …coldmoon.raw…
local coldmoon = require("coldmoon")
return {
  handler = function(event)
    if event == 4 then return { body = coldmoon.raw("x") } end
    local arguments = { { "x", "text/html\r\nX-Evil: 1" }, { "x", "" }, { nil } }
    return coldmoon.raw(arguments[event][1], arguments[event][2]), nil
  end,
}
