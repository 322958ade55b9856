-- What ffi.C.printf has written is in the log when the call ends, and before an exit is reported.
--
-- event: 1
-- stdout: line 1
-- stdout: line 2
-- response: true
-- event: 2
-- stdout: line 1
-- stdout: line 2
-- error: Runtime.ExitError: the function called os.exit(3)
-- exit: 3
local ffi = require "ffi"
ffi.cdef "int printf(const char *format, ...);"
return {
  handler = function(event)
    for number = 1, 2 do ffi.C.printf("line %d\n", ffi.cast("int", number)) end
    if event == 2 then os.exit(3) end
    return true
  end,
}
