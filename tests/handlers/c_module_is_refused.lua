-- A C module of a rock is refused by the static build with one sentence that names the file and the build that loads it.
--
-- build: static
-- init-error: Runtime.ImportModuleError: app.lua:7: module 'lpeg' is a C module ($ROOT/lib/lua/5.1/lpeg.so): the static build of coldmoon loads no shared objects; use the dynamic build (scripts/build --dynamic)
-- category: Runtime.ImportModuleError
-- stack: …
local lpeg = require("lpeg")
return { handler = lpeg.match }
---- file: lib/lua/5.1/lpeg.so
whatever is in it
