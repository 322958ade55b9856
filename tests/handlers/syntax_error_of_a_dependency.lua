-- A syntax error in a module that the handler's module requires is reported with that file and line.
--
-- init-error: Runtime.UserCodeSyntaxError: …lib/broken.lua:2: …
require("lib.broken")
return {}
---- file: lib/broken.lua
local a = 1
local = 2
