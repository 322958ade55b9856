-- A runtime of the design of 2019's blog post, written anew: Debian's luajit, LuaSocket and dkjson, a new connection for each request.
local http = require "socket.http"
local ltn12 = require "ltn12"
local json = require "dkjson"

local api = "http://" .. os.getenv "AWS_LAMBDA_RUNTIME_API" .. "/2018-06-01/runtime"
local root = os.getenv "LAMBDA_TASK_ROOT"
package.path = root .. "/?.lua;" .. package.path
local module, name = os.getenv("_HANDLER"):match "^(.*)%.(.*)$"
local handler = require(module)[name]

while true do
  local chunks = {}
  local _, status, headers = http.request { url = api .. "/invocation/next", sink = ltn12.sink.table(chunks) }
  if status ~= 200 then os.exit(1) end
  local id = headers["lambda-runtime-aws-request-id"]
  local ok, result = pcall(handler, table.concat(chunks), { aws_request_id = id, deadline_ms = tonumber(headers["lambda-runtime-deadline-ms"]) })
  local path = ok and "/response" or "/error"
  local body = ok and result or json.encode { errorMessage = tostring(result), errorType = "LuaError" }
  http.request {
    url = api .. "/invocation/" .. id .. path,
    method = "POST",
    headers = { ["content-type"] = "application/json", ["content-length"] = #body },
    source = ltn12.source.string(body),
  }
end
