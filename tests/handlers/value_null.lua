-- null is coldmoon.null, the light userdata NULL, and goes back as null.
--
-- event: null
-- response: null
-- event: {"a":null,"b":[null,[null]]}
-- response: [true,true,true,"userdata",[null,[null]]]
local coldmoon = require("coldmoon")
local ffi = require("ffi")
return {
  handler = function(event)
    if event == coldmoon.null then return event end
    return { event.a == coldmoon.null, event.b[1] == coldmoon.null, ffi.cast("void *", event.a) == nil, type(event.a), event.b }
  end,
}
