-- A function written in 2019 for the runtime of string mode runs unchanged: the event is a string, and so are the result and the client context.
--
-- env: COLDMOON_EVENT=string
-- header: Lambda-Runtime-Client-Context: {"custom":{"caller":"app"}}
-- event: {"name":"Ada","numbers":[1,2.5,null],"empty":[]}
-- response: {"greeting":"Hello, Ada!","count":1,"caller":"app","empty":[],"missing":null}
-- event: {"name":"Gr\u00fcn / \"x\""}
-- response: {"greeting":"Hello, Grün / \"x\"!","count":0,"caller":"none","missing":null}
-- event: [1,
-- response: {"error":"unterminated array at line 1, column 1"}
local json = require "dkjson"

local M = {}

function M.handler(event, context)
  local request, _, err = json.decode(event, 1, nil)
  if err then return json.encode({ error = err }) end
  local client = context.client_context and json.decode(context.client_context)
  local response = {
    greeting = "Hello, " .. request.name .. "!",
    count = request.numbers and request.numbers[1] or 0,
    caller = client and client.custom.caller or "none",
    empty = request.empty,
    missing = json.null,
  }
  return json.encode(response, { keyorder = { "greeting", "count", "caller", "empty", "missing" } })
end

return M
