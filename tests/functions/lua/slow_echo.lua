-- Takes PAUSE_MS.
local pause_ms = tonumber(os.getenv 'PAUSE_MS')
return { handler = function(event) require('coldmoon').sleep(pause_ms) return event end }
