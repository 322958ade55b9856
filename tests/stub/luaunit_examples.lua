-- The examples under luaunit, as a project would test its own handlers.

local luaunit = require "luaunit"
local coldmoon = require "coldmoon"
local json = require "coldmoon.json"

local function read(name)
  local file = assert(io.open("../../examples/" .. name, "rb"))
  local text = file:read("*a")
  file:close()
  return json.decode(text)
end

TestExamples = {}

function TestExamples:test_hello()
  luaunit.assertEquals(require "hello".handler({ name = "Ada" }, coldmoon.stub.context()), { message = "Hello, Ada!" })
end

function TestExamples:test_http()
  local response = require "http".handler(read "http-event.json", coldmoon.stub.context())
  luaunit.assertEquals(response.statusCode, 200)
  luaunit.assertEquals(json.decode(response.body).message, "Hello, Ada!")
end

function TestExamples:test_queue()
  local answer = require "queue".handler(read "queue-event.json", coldmoon.stub.context())
  luaunit.assertEquals(json.encode(answer), '{"batchItemFailures":[{"itemIdentifier":"m-2"},{"itemIdentifier":"m-3"}]}')
  local levels = {}
  for _, entry in ipairs(coldmoon.stub.logs) do levels[#levels + 1] = entry.level end
  luaunit.assertEquals(levels, { "info", "error", "error" })
end

os.exit(luaunit.LuaUnit.run())
