-- `fork` by its number, which the static build finds too; arm64 has only `clone`.
local ffi = require 'ffi'
ffi.cdef 'long syscall(long, ...); int usleep(unsigned);'
local coldmoon = require 'coldmoon'
local function fork()
  if jit.arch == 'arm64' then return ffi.C.syscall(220, ffi.cast('long', 17), nil, nil, nil, nil) end
  return ffi.C.syscall(57)
end
return { handler = function(event)
  local is_child = fork() == 0
  if not is_child then ffi.C.usleep(100000) end
  if event == 'return' then return is_child end
  if event == 'raise' then if is_child then error('child') end return is_child end
  if event == 'exit' then if is_child then os.exit(3) end return is_child end
  return coldmoon.stream(function(write) write(tostring(is_child)) end)
end }
