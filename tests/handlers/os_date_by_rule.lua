-- os.date and os.time are those of the zone in TZ, here a rule.
--
-- env: TZ=CET-1CEST,M3.5.0,M10.5.0/3
-- event: 1
-- response: ["2024-03-31 01:59:59 +0100 CET","2024-03-31 03:00:00 +0200 CEST","2024-10-27 02:59:59 +0200 CEST","2024-10-27 02:00:00 +0100 CET"]
-- event: 2
-- response: "Sun Mar 31 00:59:59 2024 +0000"
-- event: 3
-- response: [1719831600,1719831600,1719835200]
-- event: 4
-- response: [true,183,2]
-- event: 5
-- response: "2024-03-01 00:00:01"
local changes = { 1711846799, 1711846800, 1729990799, 1729990800 }

local tests = {
  function()
    local found = {}
    for index, time in ipairs(changes) do found[index] = os.date("%Y-%m-%d %H:%M:%S %z %Z", time) end
    return found
  end,
  function() return (os.date("!%c %z", changes[1])) end,
  function()
    local found = {}
    for index, isdst in ipairs { "unknown", true, false } do
      local noon = { year = 2024, month = 7, day = 1, hour = 13 }
      if isdst ~= "unknown" then noon.isdst = isdst end
      found[index] = os.time(noon)
    end
    return found
  end,
  function()
    local date = os.date("*t", 1719831600)
    return { date.isdst, date.yday, date.wday }
  end,
  -- The 60th day of a leap year, and a second more than it has.
  function() return (os.date("%F %T", os.time { year = 2024, month = 1, day = 60, hour = 23, min = 59, sec = 61 })) end,
}

return { handler = function(event) return tests[event]() end }
