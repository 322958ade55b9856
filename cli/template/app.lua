-- The function: Lambda's handler is app.handler.
local log = require "coldmoon.log"

local M = {}

--- Greets whom the event names.
---@param event { name: string? }
---@param context coldmoon.Context
function M.handler(event, context)
  log.info("greeting", { name = event.name, remaining_ms = context.get_remaining_time_in_millis() })
  return { message = "Hello, " .. (event.name or "world") .. "!" }
end

return M
