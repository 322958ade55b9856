-- A C module that cannot be loaded by the dynamic build is an import error with the dynamic linker's words.
--
-- build: dynamic
-- init-error: Runtime.ImportModuleError: error loading module 'lpeg' from file '$ROOT/lib/lua/5.1/lpeg.so':\x0a\x09$ROOT/lib/lua/5.1/lpeg.so: …
-- category: Runtime.ImportModuleError
require("lpeg")
---- file: lib/lua/5.1/lpeg.so
whatever is in it, it is long enough to be one and it is none, whatever is in it, it is long enough to be one and it is none
