-- Where only the root of a dotted name is a C module, the list of what was tried says that it cannot be loaded.
--
-- build: static
-- init-error: Runtime.ImportModuleError: app.lua:5: module '_openssl.pkey' not found:…no file '$ROOT/_openssl/pkey.lua'…\x0a\x09no C module '_openssl.pkey' from file '$ROOT/_openssl.so': the static build of coldmoon loads no shared objects; use the dynamic build (scripts/build --dynamic)
require("_openssl.pkey")
---- file: _openssl.so
whatever is in it
