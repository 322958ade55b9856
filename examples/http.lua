-- An HTTP function behind API Gateway (payload 2.0) or a function URL: both send the same event.
--   scripts/run examples/http.handler examples/http-event.json

local json = require "coldmoon.json"

local M = {}

local function respond(status, body)
  return {
    statusCode = status,
    headers = { ["content-type"] = "application/json" },
    body = json.encode(body),
  }
end

local routes = {}

routes["GET /hello"] = function(event)
  local query = event.queryStringParameters or {}
  return respond(200, { message = "Hello, " .. (query.name or "world") .. "!" })
end

routes["POST /sum"] = function(event)
  local body = event.body or ""
  if event.isBase64Encoded then
    return respond(415, { error = "send the numbers as JSON text" })
  end
  local ok, numbers = pcall(json.decode, body)
  if not ok or type(numbers) ~= "table" then
    return respond(400, { error = "the body is not a JSON array of numbers" })
  end
  local sum = 0
  for index, number in ipairs(numbers) do
    if type(number) ~= "number" then
      return respond(400, { error = "element " .. index .. " is not a number" })
    end
    sum = sum + number
  end
  return respond(200, { sum = sum })
end

function M.handler(event)
  local http = event.requestContext.http
  local route = routes[http.method .. " " .. event.rawPath]
  if not route then
    return respond(404, { error = "no such route" })
  end
  return route(event)
end

return M
