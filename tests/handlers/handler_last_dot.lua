-- A handler name is split at its last dot even where a shorter module would have such a function.
--
-- handler: a.b.c
-- event: 1
-- response: "a.b has c"
---- file: a.lua
return { b = { c = function() return "a has b.c" end } }
---- file: a/b.lua
return { c = function() return "a.b has c" end }
