---@meta coldmoon.metrics

-- The module `coldmoon.metrics`: CloudWatch metrics as lines of the log.

--- CloudWatch's units.
---@alias coldmoon.Unit
---| "None"
---| "Percent"
---| "Seconds"
---| "Milliseconds"
---| "Microseconds"
---| "Count"
---| "Bytes"
---| "Kilobytes"
---| "Megabytes"
---| "Gigabytes"
---| "Terabytes"
---| "Bits"
---| "Kilobits"
---| "Megabits"
---| "Gigabits"
---| "Terabits"
---| "Count/Second"
---| "Bytes/Second"
---| "Kilobytes/Second"
---| "Megabytes/Second"
---| "Gigabytes/Second"
---| "Terabytes/Second"
---| "Bits/Second"
---| "Kilobits/Second"
---| "Megabits/Second"
---| "Gigabits/Second"
---| "Terabits/Second"

---@class coldmoon.Metrics
local Metrics = {}

--- Adds a value of a metric.
---@param name string
---@param value number
---@param unit? coldmoon.Unit Default `None`.
---@param resolution? 1|60 1 keeps it by the second.
function Metrics:put(name, value, unit, resolution) end

--- Adds a member that is no metric.
---@param name string
---@param value any
function Metrics:set(name, value) end

--- Writes the document, if there is a metric in it, and begins the next.
function Metrics:flush() end

---@class coldmoon.metrics
local metrics = {}

--- Metrics of a namespace, with dimensions that stay.
---@param namespace string
---@param dimensions? table<string, string|number|boolean>
---@return coldmoon.Metrics
function metrics.new(namespace, dimensions) end

return metrics
