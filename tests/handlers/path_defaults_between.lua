-- The defaults stand where LUA_PATH has ;; in its middle.
--
-- env: LUA_PATH=$ROOT/first/?.lua;;$ROOT/last/?.lua
-- event: 1
-- response: ["first","root","last"]
return { handler = function() return { require("a"), require("b"), require("c") } end }
---- file: first/a.lua
return "first"
---- file: a.lua
return "root"
---- file: b.lua
return "root"
---- file: last/b.lua
return "last"
---- file: last/c.lua
return "last"
