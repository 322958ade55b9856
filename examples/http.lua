-- An HTTP function behind API Gateway, a function URL, a load balancer or VPC Lattice: the same for all of them.
--   scripts/run examples/http.handler examples/http-event.json

local http = require "coldmoon.http"

local app = http.router()

app:get("/hello", function(request)
  return { body = { message = "Hello, " .. (request.query.name or "world") .. "!" } }
end)

app:get("/users/{id}", function(request)
  return { headers = { ["cache-control"] = "no-store" }, body = { id = request.params.id } }
end)

app:post("/sum", function(request)
  local numbers = request:json()
  if type(numbers) ~= "table" then http.error(400, "the body is not an array of numbers") end
  local sum = 0
  for index, number in ipairs(numbers) do
    if type(number) ~= "number" then http.error(400, "element " .. index .. " is not a number") end
    sum = sum + number
  end
  return { body = { sum = sum } }
end)

return { handler = app }
