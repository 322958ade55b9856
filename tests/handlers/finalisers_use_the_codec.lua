-- Finalisers run whenever the collector gets a turn, also within the runtime's own functions; what they encode, decode, log and load changes
-- nothing of what these are doing.
--
-- env: AWS_LAMBDA_LOG_LEVEL=INFO
-- event: {"text":"{{a\n*200}}","list":[{"a":["\u00e9{{b\t*40}}"]},{"a":[]},1.5]}
-- response: [true,true,true,true,true,true]
local cjson, dkjson, log = require "cjson", require "dkjson", require "coldmoon.log"
local json = require "coldmoon.json"
cjson.encode_number_precision(3)

local runs, others = 0, {}
for n = 1, 40 do others[n] = { "\n" .. n, n + 0.123456, { ["k" .. n] = { "\t" .. ("z"):rep(n) } } } end

--- Makes garbage with a finaliser that uses everything that has a buffer of its own in the runtime.
local function litter()
  for _ = 1, 4 do
    getmetatable(newproxy(true)).__gc = function()
      runs = runs + 1
      local text = json.encode(others)
      assert(json.encode(json.decode(text)) == text)
      assert(#cjson.encode(others) > 100 and #dkjson.encode(others) > 100)
      assert(not pcall(json.encode, { { { print } } }))
      assert(not pcall(require, "no.such.module"))
    end
  end
end

return {
  handler = function(event)
    -- Every allocation gives the collector a turn. The list: its objects have one key each, so that their order is always the same.
    collectgarbage("setpause", 1)
    collectgarbage("setstepmul", 1e6)
    local expected, precise = json.encode(event.list), "[0.333,0.667,1e+03]"
    local results = { true, true, true, true, true, true }
    for _ = 1, 25 do
      litter()
      results[1] = results[1] and json.encode(json.decode(expected)) == expected
      litter()
      results[2] = results[2] and cjson.encode({ 1 / 3, 2 / 3, 1000.1 }) == precise
      litter()
      results[3] = results[3] and select(2, pcall(json.encode, { a = { b = litter } })):find("value.a.b: a function value", 1, true) ~= nil
      litter()
      results[4] = results[4] and dkjson.encode((dkjson.decode(expected))):find('"aaaa', 1, true) == nil
      litter()
      results[5] = results[5] and select(2, pcall(require, "not.there")):find("no file '", 1, true) ~= nil
      log.debug({ text = expected }, { text = event.text })
    end
    collectgarbage()
    results[6] = runs > 100
    return results
  end,
}
