-- LuaJIT bytecode is found under the same names as source.
--
-- handler: compiled.handler
-- event: {"a":[1,2]}
-- response: {"a":[1,2]}
return {}
---- bytecode: compiled.lua
return { handler = function(event) return event end }
