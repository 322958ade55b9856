-- Where LUA_PATH begins with ;; the defaults come first.
--
-- env: LUA_PATH=;;$ROOT/last/?.lua
-- event: 1
-- response: ["root","last"]
return { handler = function() return { require("mod"), require("other") } end }
---- file: mod.lua
return "root"
---- file: last/mod.lua
return "last"
---- file: last/other.lua
return "last"
