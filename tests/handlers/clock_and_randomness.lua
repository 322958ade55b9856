-- coldmoon.now() is in whole milliseconds and goes on with coldmoon.sleep(ms); coldmoon.random(n) is n bytes, other ones each time.
--
-- event: 1
-- response: "true true true true"
-- event: 2
-- response: "16 0 100000 false"
-- event: 3
-- error: LuaError: app.lua:…: bad argument #1 to 'random' (not a number of bytes)
-- event: 4
-- error: LuaError: app.lua:…: bad argument #1 to 'random' (not a number of bytes)
-- event: 5
-- error: LuaError: app.lua:…: not enough memory
-- event: 6
-- error: LuaError: app.lua:…: bad argument #1 to 'sleep' (number expected, got string)
-- event: 7
-- response: true
local coldmoon = require "coldmoon"

local tests = {
  function(context)
    local before = coldmoon.now()
    coldmoon.sleep(20.5)
    local after = coldmoon.now()
    local left = context.deadline_ms - after
    return table.concat({
      tostring(before % 1 == 0), tostring(after - before >= 21 or after - before), tostring(math.abs(before / 1000 - os.time()) < 2),
      tostring(left > 0 and math.abs(left - context.get_remaining_time_in_millis()) < 1000),
    }, " ")
  end,
  function()
    local token = coldmoon.random(16)
    return #token .. " " .. #coldmoon.random(0) .. " " .. #coldmoon.random(1e5) .. " " .. tostring(token == coldmoon.random(16))
  end,
  function() local token = coldmoon.random(-1) return token end,
  function() local token = coldmoon.random(1.5) return token end,
  function() local token = coldmoon.random(2 ^ 40) return token end,
  function() local ms = coldmoon.sleep("soon") return ms end,
  function()
    local before = coldmoon.now()
    for _, ms in ipairs { 0, -1, 0 / 0 } do coldmoon.sleep(ms) end
    return coldmoon.now() - before < 1000
  end,
}

return { handler = function(event, context) return tests[event](context) end }
