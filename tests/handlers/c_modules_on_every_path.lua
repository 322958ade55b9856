-- The static build finds the C module that it refuses on LUA_CPATH, on the default C path, and on what the program adds to package.cpath.
--
-- build: static
-- env: LUA_CPATH=$ROOT/first/?.so;;$ROOT/last/lib?.so
-- event: 1
-- response: [true,["first/a.so","b.so","lua_modules/lib/lua/5.1/c.so","lib/lua/5.1/d/core.so","last/libe.so","own/f.so"]]
return {
  handler = function()
    local root = os.getenv("LAMBDA_TASK_ROOT")
    local was_empty = package.cpath == ""
    package.cpath = package.cpath .. ";" .. root .. "/own/?.so"
    local files = {}
    for _, name in ipairs { "a", "b", "c", "d.core", "e", "f" } do
      local _, message = pcall(require, name)
      files[#files + 1] = message:match("^module '" .. name .. "' is a C module %((.-)%): "):sub(#root + 2)
    end
    return { was_empty, files }
  end,
}
---- file: first/a.so
---- file: b.so
---- file: lua_modules/lib/lua/5.1/b.so
---- file: lua_modules/lib/lua/5.1/c.so
---- file: lib/lua/5.1/d/core.so
---- file: last/libe.so
---- file: own/f.so
