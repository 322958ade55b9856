-- A symbol that ffi.C has not got in the static build is refused with its name and the build that has it.
--
-- build: static
-- event: 1
-- error: LuaError: app.lua:8: ffi.C.getpwnam is not in the static build of coldmoon; use the dynamic build (scripts/build --dynamic)
local ffi = require("ffi")
ffi.cdef("void *getpwnam(const char *name);")
return { handler = function() return ffi.C.getpwnam("root") ~= nil end }
