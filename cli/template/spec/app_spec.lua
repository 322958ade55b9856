-- Tests of app.lua. They run with `busted`, with `luajit spec/app_spec.lua` (or any other Lua), and in the runtime itself, where nothing
-- else is installed: `coldmoon invoke spec/app_spec.run`.

-- Outside the runtime a stand-in takes the place of its modules.
if not pcall(require, "coldmoon") then
  package.path = ".coldmoon/stub/?.lua;" .. package.path
  require "coldmoon"
end
local stub = require "coldmoon".stub
local app = require "app"

-- Outside busted this is all of it that these tests need.
local describe = describe or function(_, body) body() end
local it = it or function(name, body) body() print("ok: " .. name) end

local function context()
  return stub and stub.context() or { get_remaining_time_in_millis = function() return 1000 end }
end

describe("app.handler", function()
  it("greets by name", function()
    assert(app.handler({ name = "Ada" }, context()).message == "Hello, Ada!")
  end)

  it("greets the world where nobody is named", function()
    assert(app.handler({}, context()).message == "Hello, world!")
  end)
end)

return { run = function() return "passed" end }
