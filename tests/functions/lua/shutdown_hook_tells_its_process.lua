local ffi = require 'ffi'
ffi.cdef 'int getpid(void)'
require 'coldmoon'.on_shutdown(function() print('hook of ' .. ffi.C.getpid()) end)
return { handler = function(event) return event end }
