---@meta cjson

-- `cjson`, for code that expects it: lua-cjson's interface with OpenResty's additions. `cjson.safe` has the same functions, whose `encode`
-- and `decode` return nil and a message instead of raising it.

---@class cjson
---@field null coldmoon.Null
---@field array_mt table
---@field empty_array lightuserdata
---@field empty_array_mt table
---@field _NAME string
---@field _VERSION string
local cjson = {}

---@param value any
---@return string
function cjson.encode(value) end

---@param text string
---@return any
function cjson.decode(text) end

--- A module with settings of its own.
---@return cjson
function cjson.new() end

---@param on? boolean|"on"|"off"
---@return boolean
function cjson.decode_allow_comment(on) end

---@param on? boolean|"on"|"off"
---@return boolean
function cjson.decode_array_with_array_mt(on) end

---@param on? boolean|"on"|"off"
---@return boolean
function cjson.decode_invalid_numbers(on) end

---@param depth? integer
---@return integer
function cjson.decode_max_depth(depth) end

---@param on? boolean|"on"|"off"
---@return boolean
function cjson.encode_empty_table_as_object(on) end

---@param on? boolean|"on"|"off"
---@return boolean
function cjson.encode_escape_forward_slash(on) end

---@param text? string
---@return string
function cjson.encode_indent(text) end

---@param on? boolean|"on"|"off"|"null"
---@return boolean|"null"
function cjson.encode_invalid_numbers(on) end

---@param on? boolean|"on"|"off"
---@return boolean
function cjson.encode_keep_buffer(on) end

---@param depth? integer
---@return integer
function cjson.encode_max_depth(depth) end

---@param digits? integer
---@return integer
function cjson.encode_number_precision(digits) end

---@param on? boolean|"on"|"off"
---@return boolean
function cjson.encode_skip_unsupported_value_types(on) end

---@param convert? boolean|"on"|"off"
---@param ratio? integer
---@param safe? integer
---@return boolean convert
---@return integer ratio
---@return integer safe
function cjson.encode_sparse_array(convert, ratio, safe) end

return cjson
