local coldmoon = require 'coldmoon'
coldmoon.before_snapshot(function() print('before 1') end)
coldmoon.before_snapshot(function() print('before 2') end)
coldmoon.after_restore(function() print('after 1') end)
coldmoon.after_restore(function() print('after 2') end)
print('loaded')
return { handler = function(event) return event end }
