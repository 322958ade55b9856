-- C's variable arguments: more integers and more doubles than there are registers, in any order, are written as every C library does.
--
-- event: 1
-- response: ["1 2 3 4 5 6 7 8 9","0.5 1.5 2.5 3.5 4.5 5.5 6.5 7.5 8.5 9.5","1 0.250 two 3.1e+02|-4    |+5|ff 6.5 7 8.5 9","-1 18446744073709551615","x % 07 0x1f","0.10000000000000001 1e+300 inf"]
local ffi = require("ffi")
ffi.cdef("int snprintf(char *into, size_t room, const char *format, ...);")

local function format(...)
  local room = ffi.new("char[200]")
  local count = ffi.C.snprintf(room, 200, ...)
  local text = ffi.string(room)
  assert(count == #text)
  return text
end

local function int(number)
  return ffi.new("int", number)
end

return {
  handler = function()
    return {
      format("%d %d %d %d %d %d %d %d %d", int(1), int(2), int(3), int(4), int(5), int(6), int(7), int(8), int(9)),
      format("%g %g %g %g %g %g %g %g %g %g", 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5),
      format("%d %.3f %s %.1e|%-6d|%+d|%x %g %d %g %d", int(1), 0.25, "two", 314.0, int(-4), int(5), int(255), 6.5, int(7), 8.5, int(9)),
      format("%lld %llu", -1LL, -1ULL),
      format("%c %% %02d %#x", int(120), int(7), int(31)),
      format("%.17g %g %g", 0.1, 1e300, 1 / 0),
    }
  end,
}
