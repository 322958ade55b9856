-- A syntax error is reported with file and line.
--
-- init-error: Runtime.UserCodeSyntaxError: …app.lua:6: …'=' expected near…
-- category: Runtime.UserCodeSyntaxError
local a = 1
this is no Lua
