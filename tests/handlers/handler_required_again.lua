-- A module of the function that requires the handler's module gets the same one.
--
-- event: 1
-- response: true
local M = {}
function M.handler() return require("other").app() == M end
return M
---- file: other.lua
return { app = function() return require("app") end }
