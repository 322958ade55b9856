-- HOOK says which.
local names = { shutdown = 'on_shutdown', before_snapshot = 'before_snapshot', after_restore = 'after_restore' }
return { handler = function() require 'coldmoon'[names[os.getenv 'HOOK']](print) end }
