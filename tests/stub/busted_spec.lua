-- A stream, hooks and the clock under busted, as a project would test its own handlers.

local coldmoon = require "coldmoon"

describe("a handler on a laptop", function()
  it("streams its chunks", function()
    local result = require "stream".handler({ lines = 2 }, coldmoon.stub.context())
    assert.same({ "line 1\n", "line 2\n" }, coldmoon.stub.chunks(result))
  end)

  it("has a clock that sleeping moves", function()
    local context = coldmoon.stub.context { remaining_ms = 10000 }
    coldmoon.sleep(4000)
    local left = context.get_remaining_time_in_millis()
    assert.is_true(left <= 6000 and left > 4000)
    coldmoon.sleep(60000)
    assert.equal(0, context.get_remaining_time_in_millis())
  end)

  it("has hooks that a test runs", function()
    local order = {}
    for _, name in ipairs { "before_snapshot", "after_restore", "on_shutdown" } do
      for number = 1, 2 do coldmoon[name](function() order[#order + 1] = name .. number end) end
    end
    for _, name in ipairs { "before_snapshot", "after_restore", "on_shutdown" } do coldmoon.stub.run(name) end
    assert.same({ "before_snapshot2", "before_snapshot1", "after_restore1", "after_restore2", "on_shutdown1", "on_shutdown2" }, order)
  end)
end)
