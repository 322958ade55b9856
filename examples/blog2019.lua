-- A function in the shape of 2019, when a runtime for Lua was a shell script: it gets its event as a string and returns a string. It runs
-- unchanged in string mode.
--   scripts/run examples/blog2019.handler '{"name":"Ada"}' --env COLDMOON_EVENT=string

local json = require "dkjson"

local M = {}

function M.handler(event, context)
  local request = json.decode(event)
  local response = { greeting = "Hello, " .. request.name, request_id = context.aws_request_id ~= nil }
  return json.encode(response, { keyorder = { "greeting", "request_id" } })
end

return M
