require 'coldmoon'.after_restore(function() os.exit(4) end)
return { handler = function(event) return event end }
