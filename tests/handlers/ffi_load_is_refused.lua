-- ffi.load and package.loadlib are refused by the static build with one sentence that names the file and the build that loads it.
--
-- build: static
-- event: 1
-- response: ["app.lua:9: libz.so cannot be loaded: the static build of coldmoon loads no shared objects; use the dynamic build (scripts/build --dynamic)","/opt/lib/libz.so.1 cannot be loaded: the static build of coldmoon loads no shared objects; use the dynamic build (scripts/build --dynamic)","open"]
local ffi = require("ffi")
return {
  handler = function()
    local _, message = pcall(function() return ffi.load("z").crc32 end)
    local _, other, where = package.loadlib("/opt/lib/libz.so.1", "crc32")
    return { message, other, where }
  end,
}
