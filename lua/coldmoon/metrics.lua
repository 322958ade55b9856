--- `coldmoon.metrics`: CloudWatch metrics without a call, as lines of the log in the embedded metric format.
--
--   local metrics = require "coldmoon.metrics".new("Shop", { service = "orders" })
--   metrics:put("Accepted", 1, "Count")
--   metrics:set("orderId", "A17")    -- a member that is no metric
--   metrics:flush()                  -- at the end of each invocation
--
-- Each document is one line on stdout, also with AWS_LAMBDA_LOG_FORMAT=JSON. A metric that is put again adds a value to it. A document
-- that is full (100 metrics, 100 values of one) is written at once and the next begins; dimensions stay, the other members go with it.
-- docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

local coldmoon = require "coldmoon"
local json = require "coldmoon.json"
local error, next, pairs, setmetatable, tostring, type = error, next, pairs, setmetatable, tostring, type
local find, gsub, sub, sort = string.find, string.gsub, string.sub, table.sort
local stdout = io.stdout

-- Metrics in a document and values of one, dimensions, bytes of a name: the format's own bounds.
local METRICS_MAX, VALUES_MAX, DIMENSIONS_MAX, NAME_BYTES_MAX = 100, 100, 30, 1024
local UNITS = " None Percent Seconds Milliseconds Microseconds Count Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits"
  .. " Gigabits Terabits "

local function is_unit(unit)
  local base, rates = gsub(unit, "/Second$", "")
  return find(UNITS, " " .. base .. " ", 1, true) and (rates == 0 or base == "Count" or find(base, "[Bb][yi]te?s$"))
end

local function check_name(what, name)
  if type(name) ~= "string" or name == "" or name == "_aws" or #name > NAME_BYTES_MAX then
    error("coldmoon.metrics: not the name of a " .. what .. ": " .. tostring(name), 3)
  end
end

local Metrics = {}
Metrics.__index = Metrics

--- Begins an empty document.
local function clear(self)
  self.units, self.members, self.count = {}, {}, 0
end

--- Adds a value of a metric. `unit` is one of CloudWatch's (default "None"); `resolution` 1 keeps it by the second.
function Metrics:put(name, value, unit, resolution)
  check_name("metric", name)
  unit = unit or "None"
  if not is_unit(unit) then error("coldmoon.metrics: not a unit of CloudWatch's: " .. tostring(unit), 2) end
  if type(value) ~= "number" or value ~= value or value == 1 / 0 or value == -1 / 0 then
    error("coldmoon.metrics: the value of " .. name .. " is not a finite number: " .. tostring(value), 2)
  end
  local known = self.units[name]
  if self.dimensions[name] ~= nil or not known and self.members[name] ~= nil then
    error("coldmoon.metrics: " .. name .. " is a dimension or a member", 2)
  end
  if known and (known.Unit ~= unit or known.StorageResolution ~= resolution) then
    error("coldmoon.metrics: " .. name .. " has the unit " .. known.Unit .. " in this document", 2)
  end
  if known and #self.members[name] == VALUES_MAX or not known and self.count == METRICS_MAX then
    self:flush()
    known = nil
  end
  if known then
    local values = self.members[name]
    values[#values + 1] = value
  else
    self.units[name] = { Name = name, Unit = unit, StorageResolution = resolution }
    self.members[name], self.count = { value }, self.count + 1
  end
end

--- Adds a member that is no metric, to be found by queries of the log.
function Metrics:set(name, value)
  check_name("member", name)
  if self.units[name] or self.dimensions[name] ~= nil then error("coldmoon.metrics: " .. name .. " is a metric or a dimension", 2) end
  self.members[name] = value
end

--- Writes the document, if there is a metric in it, and begins the next.
function Metrics:flush()
  local units, members, count = self.units, self.members, self.count
  -- At once: a member that cannot be JSON costs this document, and not those behind it.
  clear(self)
  if count > 0 then
    local names, list = coldmoon.array(), {}
    for name, value in pairs(self.dimensions) do
      names[#names + 1], members[name] = name, value
    end
    sort(names)
    for name, unit in pairs(units) do
      list[#list + 1] = unit
      local values = members[name]
      if #values == 1 then members[name] = values[1] end
    end
    sort(list, function(a, b) return a.Name < b.Name end)
    local directive = { Namespace = self.namespace, Dimensions = { names }, Metrics = list }
    local head = json.encode { Timestamp = coldmoon.now(), CloudWatchMetrics = { directive } }
    -- One call for the whole line. The member `_aws` comes first: that is how the log knows the document.
    stdout:write('{"_aws":' .. head .. "," .. sub(json.encode(members), 2) .. "\n")
  end
end

local metrics = {}

--- Metrics of a namespace, with dimensions that stay (name to value).
function metrics.new(namespace, dimensions)
  if type(namespace) ~= "string" or namespace == "" or #namespace > NAME_BYTES_MAX then
    error("coldmoon.metrics: a namespace is a string", 2)
  end
  local self, count = setmetatable({ namespace = namespace, dimensions = {} }, Metrics), 0
  for name, value in next, dimensions or {} do
    check_name("dimension", name)
    self.dimensions[name], count = tostring(value), count + 1
  end
  if count > DIMENSIONS_MAX then error("coldmoon.metrics: more than " .. DIMENSIONS_MAX .. " dimensions", 2) end
  clear(self)
  return self
end

return metrics
