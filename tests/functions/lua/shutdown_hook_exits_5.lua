require 'coldmoon'.on_shutdown(function() os.exit(5) end)
return { handler = function(event) return event end }
