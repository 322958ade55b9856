---@meta coldmoon.base64

-- The module `coldmoon.base64`: base64 and its form for URLs, strict.

---@class coldmoon.base64
local base64 = {}

---@param bytes string
---@return string
function base64.encode(bytes) end

--- For URLs, without padding.
---@param bytes string
---@return string
function base64.encode_url(bytes) end

--- Raises where it is no base64.
---@param text string
---@return string
function base64.decode(text) end

--- Raises where it is no base64 for URLs, with or without padding.
---@param text string
---@return string
function base64.decode_url(text) end

return base64
