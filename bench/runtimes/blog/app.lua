-- As a function for that runtime was written: text in, text out.
local json = require "dkjson"
return {
  handler = function(event, context)
    local request = json.decode(event)
    return json.encode { message = "Hello, " .. request.name .. "!" }
  end,
}
