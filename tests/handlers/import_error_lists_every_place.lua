-- A module that is not found is an import error that names every place where it was sought, in order.
--
-- handler: missing.handler
-- env: LUA_PATH=/somewhere/?.lua
-- init-error: Runtime.ImportModuleError: module 'missing' not found:…'/somewhere/missing.lua'…'$ROOT/missing.lua'…'$ROOT/missing/init.lua'…'$ROOT/lua_modules/share/lua/5.1/missing.lua'…'$ROOT/lua_modules/share/lua/5.1/missing/init.lua'…'$ROOT/share/lua/5.1/missing.lua'…'$ROOT/share/lua/5.1/missing/init.lua'…'/opt/missing.lua'…'/opt/missing/init.lua'…'/opt/lua_modules/share/lua/5.1/missing.lua'…'/opt/share/lua/5.1/missing.lua'…'/opt/lua/missing.lua'…'/opt/lua/missing/init.lua'…'/opt/rocks/share/lua/5.1/missing.lua'…'/opt/rocks/share/lua/5.1/missing/init.lua'…
-- category: Runtime.ImportModuleError
return {}
