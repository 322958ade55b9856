-- package.path is LUA_PATH, the task root and /opt, in the contract's order.
--
-- env: LUA_PATH=/a/?.lua
-- event: 1
-- response: "/a/?.lua;$ROOT/?.lua;$ROOT/?/init.lua;$ROOT/lua_modules/share/lua/5.1/?.lua;$ROOT/lua_modules/share/lua/5.1/?/init.lua;$ROOT/share/lua/5.1/?.lua;$ROOT/share/lua/5.1/?/init.lua;/opt/?.lua;/opt/?/init.lua;/opt/lua_modules/share/lua/5.1/?.lua;/opt/lua_modules/share/lua/5.1/?/init.lua;/opt/share/lua/5.1/?.lua;/opt/share/lua/5.1/?/init.lua;/opt/lua/?.lua;/opt/lua/?/init.lua;/opt/rocks/share/lua/5.1/?.lua;/opt/rocks/share/lua/5.1/?/init.lua"
return { handler = function() return package.path end }
