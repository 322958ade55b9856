-- Random documents say what they were made of, while the collector is never at rest.
--
-- event: {"seed":1}
-- response: ["ok",100]
-- event: {"seed":2}
-- response: ["ok",100]
-- event: {"seed":3}
-- response: ["ok",100]
-- event: {"seed":4}
-- response: ["ok",100]
local json = require "coldmoon.json"

local random = math.random

-- A scalar: its text and its value.
local scalars = {
  function() return "null", json.null end,
  function() return "true", true end,
  function() return " false ", false end,
  function()
    local number = random(-1000, 1000)
    return tostring(number), number
  end,
  function() return "1.5e3", 1500 end,
  function() return "9007199254740993", 9007199254740993LL end,
  function() return "18446744073709551615", 18446744073709551615ULL end,
  function()
    local text = ("s"):rep(random(0, 40)) .. random(1, 1e6)
    return '"' .. text .. '"', text
  end,
  function()
    local text = tostring(random(1, 300))
    return '"\\u0041\\n' .. text .. '"', "A\n" .. text
  end,
}

-- Mostly short, now and then longer than what waits on the stack.
local function length() return random(8) == 1 and random(200, 700) or random(0, 9) end

local function document(depth, is_short)
  local kind = depth > 0 and random(4) or 1
  if kind < 3 then return scalars[random(#scalars)]() end
  local parts, value = {}, {}
  local count = is_short and random(0, 3) or length()
  for i = 1, count do
    local text, member = document(depth - 1, is_short or count > 9)
    if kind == 3 then
      parts[i], value[i] = text, member
    else
      -- Few keys: some come twice, and the last one wins.
      local key = "k" .. random(2 * count)
      parts[i], value[key] = '"' .. key .. '"\n:' .. text, member
    end
  end
  return (kind == 3 and "[" or "{") .. table.concat(parts, ",\n  ") .. (kind == 3 and "]" or "}"), value
end

local function is_same(a, b)
  if type(a) ~= "table" then return a == b and type(a) == type(b) end
  if type(b) ~= "table" or #a ~= #b then return false end
  for key, value in pairs(a) do
    if not is_same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

return {
  handler = function(event)
    math.randomseed(event.seed)
    -- A collection begins as soon as the last one has ended, or, every other time, has much to do at once.
    local pause = collectgarbage("setpause", 0)
    local kept = {}
    for round = 1, 100 do
      if round % 25 == 0 then collectgarbage("setpause", round % 50 == 0 and 0 or 150) end
      local text, value = document(random(0, 4))
      local decoded = json.decode(text)
      assert(is_same(value, decoded), text)
      assert(is_same(value, json.decode(json.encode(decoded))), text)
      -- What was decoded before stays what it was.
      local old = kept[round % 30]
      if old then assert(is_same(old[1], old[2])) end
      kept[round % 30] = { value, decoded }
    end
    collectgarbage("setpause", pause)
    return { "ok", 100 }
  end,
}
