-- Each waits until all have begun, prints long lines, and waits until all have printed: one after the other would never end.
local ffi = require 'ffi'
ffi.cdef 'int getpid(void); int usleep(unsigned); int kill(int, int);'
local function meet(name, n)
  local place = os.getenv 'MEETING' .. '/' .. name
  io.open(place .. n, 'w'):close()
  for other = 0, 7 do
    repeat local file = io.open(place .. other) if file then file:close() else ffi.C.usleep(1000) end until file
  end
end
return { handler = function(event, context)
  if event.kill then ffi.C.kill(ffi.C.getpid(), 9) end
  meet(event.round .. 'begun', event.n)
  for _ = 1, 5 do print(context.aws_request_id .. (' long'):rep(4000)) end
  meet(event.round .. 'printed', event.n)
  local uid = tonumber(io.open('/proc/self/status'):read('*a'):match('Uid:%s+(%d+)'))
  return { pid = ffi.C.getpid(), uid = uid, trace = os.getenv '_X_AMZN_TRACE_ID' }
end }
