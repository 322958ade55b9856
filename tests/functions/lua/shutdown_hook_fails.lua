require 'coldmoon'.on_shutdown(function() error('oops', 0) end)
return { handler = function(event) return event end }
