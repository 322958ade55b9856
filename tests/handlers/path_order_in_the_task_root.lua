-- In the task root a plain file comes before init.lua, then lua_modules, then share.
--
-- event: 1
-- response: ["?.lua","?/init.lua","lua_modules ?.lua","lua_modules ?/init.lua","share ?.lua","share ?/init.lua"]
return {
  handler = function()
    return { require("a"), require("b"), require("c"), require("d"), require("e"), require("f") }
  end,
}
---- file: a.lua
return "?.lua"
---- file: a/init.lua
return "wrong"
---- file: b/init.lua
return "?/init.lua"
---- file: lua_modules/share/lua/5.1/b.lua
return "wrong"
---- file: lua_modules/share/lua/5.1/c.lua
return "lua_modules ?.lua"
---- file: lua_modules/share/lua/5.1/c/init.lua
return "wrong"
---- file: lua_modules/share/lua/5.1/d/init.lua
return "lua_modules ?/init.lua"
---- file: share/lua/5.1/d.lua
return "wrong"
---- file: share/lua/5.1/e.lua
return "share ?.lua"
---- file: share/lua/5.1/e/init.lua
return "wrong"
---- file: share/lua/5.1/f/init.lua
return "share ?/init.lua"
