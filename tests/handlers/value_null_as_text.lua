-- tostring of coldmoon.null is null; other light userdata keep theirs.
--
-- event: null
-- response: ["null","null"]
-- stdout: null
local coldmoon = require("coldmoon")
return {
  handler = function(event)
    print(event)
    return { tostring(event), tostring(coldmoon.null) }
  end,
}
