-- In the dynamic build package.cpath is LUA_CPATH, then beside each Lua path its C path.
--
-- build: dynamic
-- env: LUA_CPATH=/a/?.so
-- event: 1
-- response: "/a/?.so;$ROOT/?.so;$ROOT/lua_modules/lib/lua/5.1/?.so;$ROOT/lib/lua/5.1/?.so;/opt/?.so;/opt/lua_modules/lib/lua/5.1/?.so;/opt/lib/lua/5.1/?.so;/opt/lua/?.so;/opt/rocks/lib/lua/5.1/?.so"
return { handler = function() return package.cpath end }
