-- The smallest function: scripts/run examples/hello.handler '{"name":"Ada"}'

local M = {}

function M.handler(event, context)
  return { message = "Hello, " .. event.name .. "!" }
end

return M
