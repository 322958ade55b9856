-- What a handler sees of coldmoon, the same in the runtime and in the stub: `run()` returns how many checks there are and what differs.

local coldmoon = require "coldmoon"
local base64 = require "coldmoon.base64"
local batch = require "coldmoon.batch"
local http = require "coldmoon.http"
local json = require "coldmoon.json"
local log = require "coldmoon.log"

local checks = {}

local function check(name, expected, fn)
  checks[#checks + 1] = { name = name, expected = expected, fn = fn }
end

local function raises(fn, ...)
  local ok, message = pcall(fn, ...)
  assert(not ok, "it raises nothing")
  return (tostring(message):gsub("^[^ ]*:%d+: ", ""))
end

for _, text in ipairs {
  "null", "true", "false", "0", "-1", "9007199254740991", "0.1", "1e+300", "[]", "{}", '""', '"\\u0000\\b\\f\\n\\r\\t\\"\\\\/"', '"\\u001f\127"',
  '[1,[],{},[null]]', '{"a":{"b":[{}]}}', '"\195\169\226\130\172\240\159\152\128"', '"\\ud83d"', "-0.5", "123456.789",
} do
  check("round trip of " .. text, text, function() return json.encode(json.decode(text)) end)
end
check("white space", "[1,2]", function() return json.encode(json.decode(" [ 1 ,\n\t2 ]\r\n")) end)
check("escapes", "/\233\128\128\240\159\152\128A", function() return json.decode '"\\/\\u9000\\ud83d\\ude00\\u0041"' end)
check("no value is nil", "null", function() return json.encode(nil) end)
check("null", "null true", function() return tostring(json.decode "null") .. " " .. tostring(json.decode "null" == coldmoon.null) end)
check("null in a table", '{"a":null}', function() return json.encode { a = coldmoon.null } end)
check("the last key wins", "2", function() return json.encode(json.decode '{"a":1,"a":2}'.a) end)
check("tags", "[] {} {}", function()
  return json.encode(coldmoon.array()) .. " " .. json.encode(coldmoon.object()) .. " " .. json.encode {}
end)
check("indent", '[\n  1,\n  {\n    "a": []\n  }\n]', function() return json.encode({ 1, { a = coldmoon.array() } }, { indent = "  " }) end)
for _, text in ipairs {
  "", " ", "nul", "tru", "[1,]", "[1", '{"a"}', '{"a":}', "{1:2}", '{"a":1,}', "01", "1.", ".5", "+1", "1 2", "'a'", '"a', '"\\x"', '"\\u12"', '"\n"',
  "NaN", "[", "{", '"\255"', "-", "1e", "nullx", "[1 2]",
} do
  check("no JSON: " .. text, "coldmoon.json.decode: ", function() return raises(json.decode, text):sub(1, 22) end)
end
for name, value in pairs {
  ["a function"] = print, ["not a number"] = 0 / 0, infinity = 1 / 0, ["mixed keys"] = { 1, a = 2 }, ["bytes"] = { "\255" },
} do
  check("cannot be JSON: " .. name, "coldmoon.json.encode: value", function() return raises(json.encode, value):sub(1, 27) end)
end
check("a cycle", "coldmoon.json.encode: value.a", function()
  local value = {}
  value.a = value
  return raises(json.encode, value):sub(1, 29)
end)
check("a tag on a class", "coldmoon.array: the table already has a metatable", function()
  return raises(coldmoon.array, setmetatable({}, {}))
end)

check("base64", "Zg== Zm8= Zm9v Zm9vYg _-8 f fo foob", function()
  return table.concat({
    base64.encode "f", base64.encode "fo", base64.encode "foo", base64.encode_url "foob", base64.encode_url "\255\239",
    base64.decode "Zg==", base64.decode "Zm8=", base64.decode_url "Zm9vYg",
  }, " ")
end)
for _, text in ipairs { "Z", "Zg", "Zh==", "Zm9=", "Z===", "Zm 9", "Zg==Zg==", "Z-==" } do
  check("no base64: " .. text, "coldmoon.base64.decode: ", function() return raises(base64.decode, text):sub(1, 24) end)
end
check("all bytes in base64", true, function()
  local bytes = {}
  for value = 0, 255 do bytes[value + 1] = string.char(value) end
  bytes = table.concat(bytes)
  return base64.decode(base64.encode(bytes)) == bytes and base64.decode_url(base64.encode_url(bytes)) == bytes
end)

check("the clock", true, function()
  local before = coldmoon.now()
  coldmoon.sleep(5)
  return coldmoon.now() - before >= 5 and before % 1 == 0
end)
check("randomness", "8 0 true", function()
  return #coldmoon.random(8) .. " " .. #coldmoon.random(0) .. " " .. tostring(coldmoon.random(16) ~= coldmoon.random(16))
end)
check("the log", nil, function() log.info("message", { a = 1 }) end)

local function answer(app, method, path, body)
  return app({ httpMethod = method, path = path, body = body, requestContext = {} }, {})
end

check("routes", "7 404 405 GET, HEAD 400", function()
  local app = http.router()
  app:get("/users/{id}", function(request) return request.params.id end)
  app:post("/json", function(request) return { body = request:json() } end)
  local missing, refused = answer(app, "GET", "/nowhere"), answer(app, "PUT", "/users/7")
  return table.concat({
    answer(app, "GET", "/users/7").body, missing.statusCode, refused.statusCode, refused.headers.allow, answer(app, "POST", "/json", "{").statusCode,
  }, " ")
end)
check("binary bodies", "true AP8=", function()
  local response = answer(http.handler(function() return "\0\255" end), "GET", "/")
  return tostring(response.isBase64Encoded) .. " " .. response.body
end)
check("an error keeps its message and brings its stack", "true true", function()
  local ok, err = pcall(answer, http.handler(function() error("boom") end), "GET", "/")
  assert(not ok)
  return tostring(tostring(err):find("boom", 1, true) ~= nil) .. " " .. tostring(err.stackTrace:find("checks.lua", 1, true) ~= nil)
end)
check("a batch", '{"batchItemFailures":[{"itemIdentifier":"2"}]}', function()
  local event = { Records = { { eventSource = "aws:sqs", messageId = "1" }, { eventSource = "aws:sqs", messageId = "2" } } }
  return json.encode(batch.process(event, function(record) assert(record.messageId == "1") end))
end)

local function run()
  local differences = {}
  for _, one in ipairs(checks) do
    local ok, found = pcall(one.fn)
    if not ok or found ~= one.expected then
      differences[#differences + 1] = one.name .. ": " .. tostring(found) .. ", not " .. tostring(one.expected)
    end
  end
  return #checks, differences
end

return run
