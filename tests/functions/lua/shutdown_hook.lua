require 'coldmoon'.on_shutdown(function() print('hook') end)
return { handler = function(event) return event end }
