require 'coldmoon'.before_snapshot(function() error('oops', 0) end)
return { handler = function(event) return event end }
