-- coldmoon.metrics writes its documents as lines of stdout that begin with the member _aws.
--
-- event: 1
-- response: "3 documents"
-- stdout: {"_aws":{…},"…}
-- stdout: {"_aws":{…},"…}
-- stdout: {"_aws":{…},"…}
local coldmoon = require "coldmoon"
local json = require "coldmoon.json"
local metrics = require "coldmoon.metrics"

-- Looks at what is written and passes it on.
local lines = {}
local write = getmetatable(io.stdout).__index.write
getmetatable(io.stdout).__index.write = function(file, text)
  lines[#lines + 1] = json.decode(text)
  return write(file, text)
end

return {
  handler = function()
    local shop = metrics.new("Shop", { service = "orders", stage = 1 })
    shop:flush()
    assert(#lines == 0, "a document without metrics")

    shop:put("Accepted", 1, "Count")
    shop:put("Accepted", 2, "Count")
    shop:put("Latency", 12.5, "Milliseconds", 1)
    shop:set("orderId", "A17")
    shop:flush()
    local one = lines[1]
    assert(math.abs(one._aws.Timestamp - coldmoon.now()) < 5000)
    local directive = one._aws.CloudWatchMetrics[1]
    assert(#one._aws.CloudWatchMetrics == 1 and directive.Namespace == "Shop")
    assert(json.encode(directive.Dimensions) == '[["service","stage"]]')
    assert(#directive.Metrics == 2 and directive.Metrics[1].Name == "Accepted" and directive.Metrics[1].Unit == "Count")
    assert(directive.Metrics[1].StorageResolution == nil and directive.Metrics[2].StorageResolution == 1)
    assert(one.service == "orders" and one.stage == "1" and one.orderId == "A17" and one.Latency == 12.5)
    assert(json.encode(one.Accepted) == "[1,2]")

    -- The hundred and first metric, or value, begins the next document.
    for index = 1, 101 do shop:put("Metric" .. index, index) end
    assert(#lines == 2 and #lines[2]._aws.CloudWatchMetrics[1].Metrics == 100)
    assert(lines[2].orderId == nil and lines[2].service == "orders")
    local plain = metrics.new("Plain")
    for index = 1, 101 do plain:put("Size", index, "Bytes/Second") end
    assert(#lines == 3 and #lines[3].Size == 100 and json.encode(lines[3]._aws.CloudWatchMetrics[1].Dimensions) == "[[]]")

    for _, refused in ipairs {
      function() shop:put("Metric101", 1, "Count") end, function() shop:put("A", 0 / 0) end, function() shop:put("A", "1") end,
      function() shop:put("A", 1, "Furlongs") end, function() shop:put("A", 1, "Seconds/Second") end, function() shop:put("service", 1) end,
      function() shop:put("_aws", 1) end, function() shop:put("", 1) end, function() shop:set("Metric101", 1) end,
      function() shop:set("service", 1) end, function() metrics.new("") end, function() metrics.new() end,
      function()
        local dimensions = {}
        for index = 1, 31 do dimensions["d" .. index] = index end
        metrics.new("Shop", dimensions)
      end,
    } do
      local ok, message = pcall(refused)
      assert(not ok and message:find("app.lua:%d+: coldmoon.metrics: "), message)
    end
    for _, unit in ipairs { "None", "Seconds", "Count/Second", "Terabits/Second", "Kilobytes/Second", "Bits", "Percent" } do
      metrics.new("Units"):put("A", 1, unit)
    end
    return #lines .. " documents"
  end,
}
