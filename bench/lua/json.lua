-- Decode and encode of one document, all codecs in one process, interleaved round by round.
-- The event: {"document": path, "codecs": [names], "rounds": n, "batch_ns": n}. The answer: samples of CPU time in ns for one call.

local codecs = require "codecs"
local now = codecs.cpu

-- `calls` calls, in ns for one.
local function time(calls, fn, argument)
  collectgarbage()
  collectgarbage()
  local result
  local start = now()
  for _ = 1, calls do result = fn(argument) end
  local taken = now() - start
  return taken / calls, result
end

local function handler(event)
  local text = codecs.read(event.document)
  local contenders = {}
  local reference
  for _, name in ipairs(event.codecs) do
    local decode, encode = codecs.load[name]()
    local value = decode(text)
    reference = reference or value
    local decode_lost = codecs.compare(reference, value)
    local json = encode(value)
    local encode_lost = codecs.compare(value, decode(json))
    local again = codecs.compare(reference, contenders[1] and contenders[1].decode(json) or decode(json))
    contenders[#contenders + 1] = {
      name = name, decode = decode, encode = encode, value = value,
      result = { name = name, decode = {}, encode = {}, lost = math.max(decode_lost, encode_lost, again), encoded_bytes = #json },
    }
  end
  if not event.no_floor then
    local floor = codecs.floor(reference)
    codecs.compare(reference, floor())
    contenders[#contenders + 1] = { name = "floor", decode = floor, result = { name = "floor", decode = {}, encode = {} } }
  end

  -- How many calls make a batch.
  for _, contender in ipairs(contenders) do
    for _, direction in ipairs { "decode", "encode" } do
      local fn = contender[direction]
      if fn then
        local argument = direction == "decode" and text or contender.value
        local calls = 1
        while true do
          local ns = time(calls, fn, argument) * calls
          if ns >= event.batch_ns / 2 or calls >= 1e6 then break end
          calls = ns * 8 < event.batch_ns and calls * 4 or calls * 2
        end
        contender[direction .. "_calls"] = calls
      end
    end
  end

  for round = 1, event.rounds do
    for _, direction in ipairs { "decode", "encode" } do
      for place = 1, #contenders do
        -- Each round begins with another.
        local contender = contenders[(place + round) % #contenders + 1]
        local fn = contender[direction]
        if fn then
          local argument = direction == "decode" and text or contender.value
          contender.result[direction][round] = time(contender[direction .. "_calls"], fn, argument)
        end
      end
    end
  end

  local results = {}
  for index, contender in ipairs(contenders) do results[index] = contender.result end
  return { bytes = #text, results = results, kb = collectgarbage "count" }
end

return { handler = handler }
