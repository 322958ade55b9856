---@meta coldmoon.json

-- The module `coldmoon.json`: strict, lossless JSON.

---@class coldmoon.EncodeOptions
---@field indent? string

---@class coldmoon.json
---@field null coldmoon.Null
local json = {}

--- The value of a whole JSON document. Raises with the byte where it is none.
---@param text string
---@return any
function json.decode(text) end

--- Raises with the path to what cannot be JSON.
---@param value any
---@param options? coldmoon.EncodeOptions
---@return string
function json.encode(value, options) end

--- As `coldmoon.array`.
---@generic T: table
---@param t? T
---@return T
function json.array(t) end

--- As `coldmoon.object`.
---@generic T: table
---@param t? T
---@return T
function json.object(t) end

return json
