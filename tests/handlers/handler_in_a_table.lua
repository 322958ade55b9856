-- A handler name is module.function: the module returns a table that holds the function.
--
-- event: {"name":"Ada"}
-- response: {"message":"Hello, Ada!"}
local M = {}
function M.handler(event)
  return { message = "Hello, " .. event.name .. "!" }
end
return M
