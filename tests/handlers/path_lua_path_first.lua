-- Entries of LUA_PATH come before the task root.
--
-- env: LUA_PATH=$ROOT/first/?.lua
-- event: 1
-- response: ["first","root"]
return { handler = function() return { require("mod"), require("other") } end }
---- file: first/mod.lua
return "first"
---- file: mod.lua
return "root"
---- file: other.lua
return "root"
