---@meta coldmoon.log

-- The module `coldmoon.log`: entries with a level and fields.

---@class coldmoon.log
local log = {}

---@param message any
---@param fields? table<string, any>
function log.trace(message, fields) end

---@param message any
---@param fields? table<string, any>
function log.debug(message, fields) end

---@param message any
---@param fields? table<string, any>
function log.info(message, fields) end

---@param message any
---@param fields? table<string, any>
function log.warn(message, fields) end

---@param message any
---@param fields? table<string, any>
function log.error(message, fields) end

---@param message any
---@param fields? table<string, any>
function log.fatal(message, fields) end

return log
