-- An HTTP function behind API Gateway: method, path, a header, the query, an answer with headers.
local json = require "coldmoon.json"
local M = {}

function M.handler(event, context)
  local headers = event.headers or {}
  local query = event.queryStringParameters
  local names = {}
  if type(query) == "table" then
    for name in pairs(query) do names[#names + 1] = name end
    table.sort(names)
  end
  return {
    statusCode = 200,
    headers = { ["content-type"] = "application/json", ["x-request-id"] = context.aws_request_id },
    body = json.encode {
      method = event.httpMethod,
      path = event.path,
      agent = headers["User-Agent"],
      query = json.array(names),
    },
    isBase64Encoded = false,
  }
end

return M
