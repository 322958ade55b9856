local coldmoon = require 'coldmoon'
coldmoon.on_shutdown(function() print('first') end)
coldmoon.on_shutdown(function() io.write('second') end)
return { handler = function(event) return event end }
