require 'coldmoon'.after_restore(function() error('oops', 0) end)
return { handler = function(event) return event end }
