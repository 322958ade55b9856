-- The static build takes the runtime's cjson where a rock brings a C module of that name.
--
-- build: static
-- event: [1,{}]
-- response: "[1,{}]"
return { handler = function(event) return require("cjson").encode(event) end }
---- file: lib/lua/5.1/cjson.so
whatever is in it
