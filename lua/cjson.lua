--- `cjson`: the interface of lua-cjson 2.1.0 with OpenResty's additions (github.com/openresty/lua-cjson, 2.1.0.17), over the runtime's
-- codec.
--
-- Functions, defaults, results and error texts are theirs, each of them a row of `tests/compat/cjson_rows.lua`, and so is what differs:
--
-- * nesting never goes beyond 1,000, whatever the two settings of the depth say;
-- * 64-bit integers (cdata) are written with their digits; integers too large for a double's 53 bits are decoded rounded, not cut at 2^63;
-- * metamethods (`__len`, `__index`) are not called, and `empty_array_mt` does not make the members of a table vanish;
-- * lone surrogate escapes and NUL bytes within a string are taken; without
--   `decode_invalid_numbers`, numbers are those of RFC 8259.

local codec = require "coldmoon.codec"
local codec_decode, codec_encode, array_mt = codec.decode, codec.encode, codec.array_mt
local null = require "coldmoon.json".null
local error, next, select, tonumber, tostring, type = error, next, select, tonumber, tostring, type
local find, format, sub = string.find, string.format, string.sub
local ceil, floor, min, getinfo = math.ceil, math.floor, math.min, debug.getinfo

-- The largest number of C's int, and the codec's own bound on nesting.
local INT_MAX, DEPTH_MAX = 2147483647, 1000

-- The settings that are on or off, and those that are a number: its default and its bounds.
local SWITCHES = {
  decode_allow_comment = false, decode_array_with_array_mt = false, decode_invalid_numbers = true, encode_empty_table_as_object = true,
  encode_escape_forward_slash = true, encode_invalid_numbers = false, encode_keep_buffer = true,
  encode_skip_unsupported_value_types = false,
}
local COUNTS = {
  decode_max_depth = { 1000, 1, INT_MAX }, encode_max_depth = { 1000, 1, INT_MAX }, encode_number_precision = { 14, 1, 16 },
}

--- As luaL_argerror: raises for an argument of the function `level` levels up, where its caller stands.
local function refuse(level, index, what)
  local info = getinfo(level, "n")
  local name = info.name or "?"
  if info.namewhat == "method" then
    index = index - 1
    if index == 0 then error(format("calling '%s' on bad self (%s)", name, what), level + 1) end
  end
  error(format("bad argument #%d to '%s' (%s)", index, name, what), level + 1)
end

--- Arguments of a function that takes `max`.
local function at_most(max, ...)
  if select("#", ...) > max then refuse(3, max + 1, "found too many arguments") end
  return ...
end

--- Whether C's lua_tolstring makes a string of it.
local function is_text(value)
  return type(value) == "string" or type(value) == "number"
end

--- What a setting that is on or off becomes; `other` is a third state.
local function to_switch(value, current, index, other)
  if value == nil then return current end
  if type(value) == "boolean" then return value end
  if not is_text(value) then refuse(3, index, "string expected, got " .. type(value)) end
  if value == "on" or value == "off" then return value == "on" end
  if value ~= other then refuse(3, index, "invalid option '" .. value .. "'") end
  return value
end

--- What a setting that is a number becomes. The bounds are always those of argument 1, as in the original.
local function to_count(value, current, index, low, high)
  if value == nil then return current end
  local number = is_text(value) and tonumber(value)
  if not number then refuse(3, index, "number expected, got " .. type(value)) end
  number = number < 0 and ceil(number) or floor(number)
  if not (low <= number and number <= high) then refuse(3, 1, format("expected integer between %d and %d", low, high)) end
  return number
end

--- The type of the first key in `value` that JSON has no text for.
local function bad_key(value, seen)
  seen[value] = true
  for key, member in next, value do
    local kind = type(key)
    if kind ~= "string" and kind ~= "number" then return kind end
    kind = type(member) == "table" and not seen[member] and bad_key(member, seen)
    if kind then return kind end
  end
end

--- The original's words for a problem of the codec's.
local function encode_message(value, problem, detail, depth)
  if problem == "depth" then return format("Cannot serialise, excessive nesting (%d)", depth + 1) end
  if problem == "sparse" then return "Cannot serialise table: excessively sparse array" end
  if problem == "not finite" then return "Cannot serialise number: must not be NaN or Infinity" end
  if problem == "type" then return "Cannot serialise " .. detail .. ": type not supported" end
  if problem == "keys" then return "Cannot serialise " .. (bad_key(value, {}) or "table") .. ": table key must be a number or string" end
  return "not enough memory"
end

local TOKENS = {
  [""] = "T_END", ["{"] = "T_OBJ_BEGIN", ["}"] = "T_OBJ_END", ["["] = "T_ARR_BEGIN", ["]"] = "T_ARR_END",
  [":"] = "T_COLON", [","] = "T_COMMA",
}

--- The name of the token at `at`, or what is wrong with it, and where.
local function token(text, at, takes_invalid_numbers, takes_comments)
  local byte = sub(text, at, at)
  if TOKENS[byte] then return TOKENS[byte], at end
  if byte == '"' then
    local from = at + 1
    while true do
      from = find(text, '["\\]', from)
      if not from then return "unexpected end of string", #text + 1 end
      if sub(text, from, from) == '"' then return "T_STRING", at end
      if find(text, '^\\["\\/bfnrt]', from) then
        from = from + 2
      elseif find(text, "^\\u%x%x%x%x", from) then
        from = from + 6
      else
        return find(text, "^\\u", from) and "invalid unicode escape code" or "invalid escape code", from
      end
    end
  end
  if takes_comments and find(text, "^/%*", at) then return "unclosed multi-line comment", #text + 1 end
  if find(text, "^true", at) or find(text, "^false", at) then return "T_BOOLEAN", at end
  if find(text, "^null", at) then return "T_NULL", at end
  local is_word = find(text, "^[-+]?[iI][nN][fF]", at) or find(text, "^[-+]?[nN][aA][nN]", at)
  if not find(text, "^[-%d]", at) and not (takes_invalid_numbers and (byte == "+" or is_word)) then return "invalid token", at end
  if not takes_invalid_numbers and (is_word or find(text, "^-?0[xX%d]", at)) then return "invalid number", at end
  local _, last = find(text, "^[-+]?%d+", at)
  if last then return find(text, "^[.eEx]", last + 1) and "T_NUMBER" or "T_INTEGER", at end
  return (is_word or find(text, "^[-+]?%.%d", at)) and "T_NUMBER" or "invalid number", at
end

local EXPECTED = {
  value = "value", key = "object key string", colon = "colon", ["object end"] = "comma or object end", ["array end"] = "comma or array end",
  ["end"] = "the end",
}

--- The original's words for what the codec says of `text`: it tells what was expected and which token is there instead.
local function decode_message(text, kind, at, flags, depth, takes_invalid_numbers, takes_comments)
  if kind == "depth" then return format("Found too many nested data structures (%d) at character %d", depth + 1, at) end
  local expected, found = EXPECTED[kind], nil
  if not expected then
    -- Within a string or a number. The text in front of it lacks just what it should have been.
    if kind == "escape" then
      _, _, at = codec_decode(sub(text, 1, at - 1), 1, flags, depth)
    elseif kind == "number" or kind == "number range" then
      while find(text, "^[-+.%w]", at - 1) and at > 1 do at = at - 1 end
      found = "invalid number"
    end
    _, kind = codec_decode(sub(text, 1, at - 1), 1, flags, depth)
    expected = EXPECTED[kind]
  end
  if not found then found, at = token(text, at, takes_invalid_numbers, takes_comments) end
  return format("Expected %s but found %s at character %d", expected, found, at)
end

--- A module table with settings of its own.
local function new()
  local option = { sparse_convert = false, sparse_ratio = 2, sparse_safe = 10, indent = "" }
  local encode_flags, decode_flags, encode_depth, decode_depth, array_meta, indent

  --- Puts the settings into the form in which the codec takes them.
  local function apply()
    -- Flags of the codec: see src/lua/json.rs. DELETE, ANY_BYTES, NUMBER_KEYS; SLASH, SPARSE_CONVERT, NOT_FINITE_TEXT, NOT_FINITE_NULL,
    -- EMPTY_AS_ARRAY, SKIP_UNSUPPORTED.
    encode_flags = 2 + 4 + 128
      + (option.encode_escape_forward_slash and 1 or 0)
      + (option.sparse_convert and 8 or 0)
      + (option.encode_invalid_numbers == true and 16 or 0)
      + (option.encode_invalid_numbers == "null" and 32 or 0)
      + (option.encode_empty_table_as_object and 0 or 64)
      + (option.encode_skip_unsupported_value_types and 256 or 0)
    -- ANY_BYTES, DOUBLES_ONLY, WHOLE; INVALID_NUMBERS, COMMENTS.
    decode_flags = 4 + 8 + 16 + (option.decode_invalid_numbers and 1 or 0) + (option.decode_allow_comment and 2 or 0)
    encode_depth, decode_depth = min(option.encode_max_depth, DEPTH_MAX), min(option.decode_max_depth, DEPTH_MAX)
    array_meta = option.decode_array_with_array_mt and array_mt or nil
    indent = option.indent ~= "" and option.indent or nil
  end

  local module = {
    _NAME = "cjson", _VERSION = "2.1.0.11", new = new, null = null,
    array_mt = array_mt, empty_array = codec.empty_array, empty_array_mt = codec.empty_array_mt,
  }

  function module.encode(...)
    if select("#", ...) ~= 1 then refuse(2, 1, "expected 1 argument") end
    local text, problem, detail =
      codec_encode((...), encode_flags, encode_depth, option.sparse_ratio, option.sparse_safe, indent, option.encode_number_precision)
    if text then return text end
    -- What is left out within a table leaves nothing where it is the whole value.
    if problem == "type" and option.encode_skip_unsupported_value_types then return "" end
    error(encode_message((...), problem, detail, encode_depth), 2)
  end

  function module.decode(...)
    if select("#", ...) ~= 1 then refuse(2, 1, "expected 1 argument") end
    local text = ...
    if type(text) == "number" then text = tostring(text) end
    if type(text) ~= "string" then refuse(2, 1, "string expected, got " .. type(text)) end
    local ok, value, at = codec_decode(text, 1, decode_flags, decode_depth, null, array_meta, nil)
    if ok then return value end
    -- The original takes C strings: a NUL byte is the end.
    local nul = find(text, "\0", 1, true)
    if nul then
      if nul <= 2 and #text >= 2 then error("JSON parser does not support UTF-16 or UTF-32", 2) end
      text = sub(text, 1, nul - 1)
      ok, value, at = codec_decode(text, 1, decode_flags, decode_depth, null, array_meta, nil)
      if ok then return value end
    end
    error(decode_message(text, value, at, decode_flags, decode_depth, option.decode_invalid_numbers, option.decode_allow_comment), 2)
  end

  --- Adds the function of a setting.
  local function add(name, default, convert, low, high)
    option[name] = default
    module[name] = function(...)
      option[name] = convert(at_most(1, ...), option[name], 1, low, high)
      apply()
      return option[name]
    end
  end
  for name, default in next, SWITCHES do add(name, default, to_switch, name == "encode_invalid_numbers" and "null" or nil) end
  for name, count in next, COUNTS do add(name, count[1], to_count, count[2], count[3]) end

  function module.encode_sparse_array(...)
    local convert, ratio, safe = at_most(3, ...)
    convert = to_switch(convert, option.sparse_convert, 1)
    ratio = to_count(ratio, option.sparse_ratio, 2, 0, INT_MAX)
    safe = to_count(safe, option.sparse_safe, 3, 0, INT_MAX)
    option.sparse_convert, option.sparse_ratio, option.sparse_safe = convert, ratio, safe
    apply()
    return convert, ratio, safe
  end

  function module.encode_indent(...)
    local value = at_most(1, ...)
    if value ~= nil then
      if not is_text(value) then refuse(2, 1, "string expected, got " .. type(value)) end
      option.indent = tostring(value)
      apply()
    end
    return option.indent
  end

  apply()
  return module
end

return new()
