-- STREAM is its number.
local ffi = require 'ffi'
ffi.cdef 'int close(int)'
return { handler = function(event)
  ffi.C.close(tonumber(os.getenv 'STREAM'))
  print('out')
  io.stderr:write('error\n')
  return event
end }
