-- The FFI reaches libc, and a callback into Lua works.
--
-- event: [3,1,2]
-- response: [1,2,3]
local ffi = require("ffi")
ffi.cdef("void qsort(void *base, size_t count, size_t size, int (*compare)(const int *, const int *));")
return {
  handler = function(event)
    local list = ffi.new("int[?]", #event, event)
    ffi.C.qsort(list, #event, 4, function(a, b) return a[0] - b[0] end)
    for i = 1, #event do event[i] = list[i - 1] end
    return event
  end,
}
