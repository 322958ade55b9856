---@meta dkjson

-- `dkjson`, for code that expects it: David Kolf's interface.

---@class dkjson.State
---@field indent? boolean
---@field keyorder? string[]
---@field level? integer
---@field buffer? string[]
---@field bufferlen? integer
---@field tables? table
---@field exception? fun(reason: string, value: any, state: dkjson.State, message: string): string|boolean|nil, string?

---@class dkjson
---@field null table
---@field version string
local dkjson = {}

---@param value any
---@param state? dkjson.State
---@return string|true
function dkjson.encode(value, state) end

---@param text string
---@param position? integer
---@param null? any
---@param object_meta? table
---@param array_meta? table
---@return any value
---@return integer position
---@return string? message
function dkjson.decode(text, position, null, object_meta, array_meta) end

---@param text string
---@return string
function dkjson.quotestring(text) end

---@param state dkjson.State
function dkjson.addnewline(state) end

---@param reason string
---@param value any
---@param state dkjson.State
---@param message string
---@return string
function dkjson.encodeexception(reason, value, state, message) end

--- The module itself: there is no LPeg.
---@return dkjson
function dkjson.use_lpeg() end

return dkjson
