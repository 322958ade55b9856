local ffi = require 'ffi'
return { handler = function() ffi.cast('int *', 8)[0] = 1 end }
