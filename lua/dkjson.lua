--- `dkjson`: the interface of David Kolf's dkjson 2.6 (dkolf.de/dkjson-lua), over the runtime's codec.
--
-- Functions, results and messages are its, each of them a row of `tests/compat/dkjson_rows.lua`. What the codec has no notion of is done
-- here in Lua: metamethods and the members of `state` when encoding; when decoding, what is no JSON and dkjson takes all the same (missing
-- commas, any value as a key), and its error messages. What differs:
--
-- * `coldmoon.null`, `cjson.empty_array` and 64-bit integers (cdata), which a decoded event may contain, are encoded;
-- * there is no LPeg: `use_lpeg` returns the module itself;
-- * a key of `keyorder` whose value cannot be encoded is an error with its own message, not one in dkjson.

local codec = require "coldmoon.codec"
local codec_decode, codec_encode, codec_quote, array_mt = codec.decode, codec.encode, codec.quote, codec.array_mt
local error, next, pairs, rawequal, rawget, select, setmetatable = error, next, pairs, rawequal, rawget, select, setmetatable
local tonumber, tostring, type = tonumber, tostring, type
local byte, char, find, format, gsub, match = string.byte, string.char, string.find, string.format, string.gsub, string.match
local rep, sub, concat, floor, huge = string.rep, string.sub, table.concat, math.floor, math.huge
-- Also the metatables that `__metatable` hides.
local getmetatable = debug.getmetatable

-- Flags of the codec: see src/lua/json.rs. Encoding: DELETE, ANY_BYTES, SPARSE_CONVERT, NOT_FINITE_NULL, EMPTY_AS_ARRAY, NUMBER_KEYS,
-- LUA_NUMBERS; quoting the first two; decoding: COMMENTS, ANY_BYTES, DOUBLES_ONLY.
local ENCODE, QUOTE, DECODE = 2 + 4 + 8 + 32 + 64 + 128 + 512, 2 + 4, 2 + 4 + 8
-- The codec's bound on nesting. Here there is none: what is nested deeper is done in Lua.
local DEPTH_MAX = 1000
-- An array may have so many places in any case, beyond that so many times more than elements: else it is an object.
local SPARSE_SAFE, SPARSE_RATIO = 10, 2

local json = { version = "dkjson 2.6" }

json.null = setmetatable({}, { __tojson = function() return "null" end })

-- ---- strings ----

--- The escape of a character of the Basic Multilingual Plane.
local function escape(sequence)
  local a, b, c = byte(sequence, 1, 3)
  local code = c and ((a - 0xe0) * 64 + b - 0x80) * 64 + c - 0x80 or (a - 0xc0) * 64 + b - 0x80
  return format("\\u%04x", code)
end

-- What is escaped beside what JSON asks for: characters that JavaScript does not take as they are, or that nobody sees.
local INVISIBLE = {
  "\194[\128-\159\173]", "\216[\128-\132]", "\220\143", "\225\158[\180\181]", "\226\128[\140-\143\168-\175]", "\226\129[\160-\175]",
  "\239\187\191", "\239\191[\176-\191]",
}

--- JSON text with those characters escaped. They stand within strings, wherever that is.
local function escape_invisible(text)
  if find(text, "[\194\216\220\225\226\239]") then
    for index = 1, #INVISIBLE do text = gsub(text, INVISIBLE[index], escape) end
  end
  return text
end

local function quote(text)
  return escape_invisible(codec_quote(text, QUOTE))
end

json.quotestring = quote

-- ---- encode ----

local IS_SCALAR = { string = true, number = true, boolean = true }

--- Whether the codec writes this table just as `append` below: no metatable but that of a decoded array, no key `n` that is the length.
local function is_plain(value, levels)
  local meta = getmetatable(value)
  if levels == 0 or meta and meta ~= array_mt then return false end
  local count = 0
  for key, member in next, value do
    count = count + 1
    if meta and key ~= count or key == "n" or key == huge or key == -huge then return false end
    local kind = type(member)
    if not (IS_SCALAR[kind] or kind == "table" and is_plain(member, levels - 1)) then return false end
  end
  return true
end

--- The length of a table that is an array, nil for another one.
local function array_length(value)
  local last, count, given = 0, 0, 0
  for key, member in pairs(value) do
    if key == "n" and type(member) == "number" then
      given = member
    elseif type(key) == "number" and key >= 1 and floor(key) == key then
      count = count + 1
    else
      return nil
    end
    local place = key == "n" and member or key
    if place > last then last = place end
  end
  if last > SPARSE_SAFE and last > given and last > count * SPARSE_RATIO then return nil end
  return last
end

local function append_line(level, buffer, len)
  buffer[len + 1] = "\n"
  buffer[len + 2] = rep("  ", level)
  return len + 2
end

function json.addnewline(state)
  if state.indent then state.bufferlen = append_line(state.level or 0, state.buffer, state.bufferlen or #state.buffer) end
end

function json.encodeexception(_, _, _, message)
  return quote("<" .. message .. ">")
end

--- What a function of the user's has returned: a string is appended, anything else it has appended itself.
local function append_custom(text, state)
  local len = state.bufferlen
  if type(text) ~= "string" then return len end
  state.buffer[len + 1] = text
  return len + 1
end

--- Asks `state.exception` what to do about `value`, if there is one.
local function append_exception(reason, value, state, len, message)
  if not state.exception then return nil, message end
  state.bufferlen = len
  local text, own_message = state.exception(reason, value, state, message)
  if not text then return nil, own_message or message end
  return append_custom(text, state)
end

local append

--- Appends a key and its value. `count` members are in front of it.
local function append_pair(key, value, count, level, len, tables, state)
  local buffer, kind = state.buffer, type(key)
  if kind ~= "string" and kind ~= "number" then return nil, "type '" .. kind .. "' is not supported as a key by JSON." end
  if count > 0 then
    len = len + 1
    buffer[len] = ","
  end
  if state.indent then len = append_line(level, buffer, len) end
  buffer[len + 1] = quote(key)
  buffer[len + 2] = ":"
  return append(value, level, len + 2, tables, state)
end

local function append_array(value, count, level, len, tables, state)
  local buffer, message = state.buffer, nil
  buffer[len + 1] = "["
  len = len + 1
  for index = 1, count do
    len, message = append(value[index], level, len, tables, state)
    if not len then return nil, message end
    if index < count then
      len = len + 1
      buffer[len] = ","
    end
  end
  buffer[len + 1] = "]"
  return len + 1
end

local function append_object(value, order, level, len, tables, state)
  local buffer, count, used, message = state.buffer, 0, {}, nil
  buffer[len + 1] = "{"
  len = len + 1
  for index = 1, order and #order or 0 do
    local key = order[index]
    if value[key] ~= nil then
      used[key] = true
      len, message = append_pair(key, value[key], count, level, len, tables, state)
      if not len then return nil, message end
      count = count + 1
    end
  end
  for key, member in pairs(value) do
    if not used[key] then
      len, message = append_pair(key, member, count, level, len, tables, state)
      if not len then return nil, message end
      count = count + 1
    end
  end
  if state.indent then len = append_line(level - 1, buffer, len) end
  buffer[len + 1] = "}"
  return len + 1
end

--- Appends a value to `state.buffer`, which has `len` pieces; returns their number then, or nil and a message.
append = function(value, level, len, tables, state)
  local kind, meta = type(value), getmetatable(value)
  if type(meta) ~= "table" then meta = nil end
  local to_json = meta and meta.__tojson
  if (to_json or kind == "table") and tables[value] then
    return append_exception("reference cycle", value, state, len, "reference cycle")
  end
  if to_json then
    tables[value] = true
    state.bufferlen = len
    local text, message = to_json(value, state)
    if not text then return append_exception("custom encoder failed", value, state, len, message or "custom encoder failed") end
    tables[value] = nil
    return append_custom(text, state)
  end
  if kind == "table" then
    tables[value] = true
    local count, message = array_length(value), nil
    if count == 0 and meta and meta.__jsontype == "object" then count = nil end
    if count then
      len, message = append_array(value, count, level + 1, len, tables, state)
    else
      len, message = append_object(value, meta and meta.__jsonorder or state.keyorder, level + 1, len, tables, state)
    end
    if not len then return nil, message end
    tables[value] = nil
    return len
  end
  local text = kind == "string" and quote(value) or codec_encode(value, ENCODE, DEPTH_MAX)
  if not text then
    return append_exception("unsupported type", value, state, len, "type '" .. kind .. "' is not supported by JSON.")
  end
  state.buffer[len + 1] = text
  return len + 1
end

function json.encode(value, state)
  if (state == nil or next(state) == nil) and type(value) == "table" and is_plain(value, DEPTH_MAX) then
    local text = codec_encode(value, ENCODE, DEPTH_MAX, SPARSE_RATIO, SPARSE_SAFE)
    if text then return escape_invisible(text) end
  end
  state = state or {}
  local buffer = state.buffer
  if not buffer then state.buffer = {} end
  local len, message = append(value, state.level or 0, state.bufferlen or 0, state.tables or {}, state)
  if not len then error(message, 2) end
  if buffer then
    state.bufferlen = len
    return true
  end
  local text = concat(state.buffer)
  state.buffer, state.bufferlen = nil, nil
  return text
end

-- ---- decode ----

--- Where in the text that is, in words.
local function place(text, at)
  local line, line_start, stop = 1, 0, find(text, "\n", 1, true)
  while stop and stop < at do
    line, line_start, stop = line + 1, stop, find(text, "\n", stop + 1, true)
  end
  return format("line %d, column %d", line, at - line_start)
end

local function unterminated(what, text, at)
  return nil, #text + 1, "unterminated " .. what .. " at " .. place(text, at)
end

--- The first byte from `at` on that is neither white space nor within a comment; nil at the end.
local function skip(text, at)
  while true do
    at = find(text, "%S", at)
    if not at then return nil end
    if find(text, "^\239\187\191", at) then
      at = at + 3
    elseif find(text, "^//", at) then
      at = find(text, "[\n\r]", at + 2)
    elseif find(text, "^/%*", at) then
      local _, stop = find(text, "*/", at + 2, true)
      at = stop and stop + 1
    else
      return at
    end
    if not at then return nil end
  end
end

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

--- The character of a code point, surrogates included.
local function utf8(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xc0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then return char(0xe0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64) end
  return char(0xf0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

--- The code unit of an escape at `at`. As in dkjson it is whatever `tonumber` takes.
local function code_unit(text, at)
  local unit = match(text, "^\\u()", at)
  unit = unit and tonumber(sub(text, unit, unit + 3), 16)
  return unit and unit >= 0 and unit or nil
end

local function scan_string(text, start)
  local pieces, count, from = {}, 0, start + 1
  while true do
    local at = find(text, '["\\]', from)
    if not at then return unterminated("string", text, start) end
    pieces[count + 1] = sub(text, from, at - 1)
    if byte(text, at) == 34 then return concat(pieces), at + 1 end
    local unit, low = code_unit(text, at), nil
    if unit and unit >= 0xd800 and unit <= 0xdbff then
      low = code_unit(text, at + 6)
      if low and low >= 0xdc00 and low <= 0xdfff then
        unit = (unit - 0xd800) * 1024 + low - 0xdc00 + 0x10000
      else
        low = nil
      end
    end
    local escaped = sub(text, at + 1, at + 1)
    pieces[count + 2] = unit and utf8(unit) or ESCAPES[escaped] or escaped
    count = count + 2
    from = at + (unit and (low and 12 or 6) or 2)
  end
end

local scan_value

--- Commas may be missing, and what has a colon behind it is a key, in arrays too.
local function scan_table(what, close, text, start, null, meta, object_meta, array_meta)
  local value, count, at = setmetatable({}, meta), 0, start + 1
  while true do
    at = skip(text, at)
    if not at then return unterminated(what, text, start) end
    if sub(text, at, at) == close then return value, at + 1 end
    local first, second, message
    first, at, message = scan_value(text, at, null, object_meta, array_meta)
    if message then return nil, at, message end
    at = skip(text, at)
    if not at then return unterminated(what, text, start) end
    if sub(text, at, at) == ":" then
      if first == nil then return nil, at, "cannot use nil as table index (at " .. place(text, at) .. ")" end
      at = skip(text, at + 1)
      if not at then return unterminated(what, text, start) end
      second, at, message = scan_value(text, at, null, object_meta, array_meta)
      if message then return nil, at, message end
      value[first] = second
      at = skip(text, at)
      if not at then return unterminated(what, text, start) end
    else
      count = count + 1
      value[count] = first
    end
    if sub(text, at, at) == "," then at = at + 1 end
  end
end

scan_value = function(text, at, null, object_meta, array_meta)
  at = skip(text, at)
  if not at then return nil, #text + 1, "no valid JSON value (reached the end)" end
  local first = sub(text, at, at)
  if first == "{" then return scan_table("object", "}", text, at, null, object_meta, object_meta, array_meta) end
  if first == "[" then return scan_table("array", "]", text, at, null, array_meta, object_meta, array_meta) end
  if first == '"' then return scan_string(text, at) end
  local digits, stop = match(text, "^(%-?[%d%.]+[eE]?[%+%-]?%d*)()", at)
  local number = digits and tonumber(digits)
  if number then return number, stop end
  local name, name_stop = match(text, "^(%a%w*)()", at)
  if name == "true" then return true, name_stop end
  if name == "false" then return false, name_stop end
  if name == "null" then return null, name_stop end
  return nil, at, "no valid JSON value at " .. place(text, at)
end

--- Whether the codec may set this metatable: it puts the members in before, dkjson after.
local function is_passive(meta)
  return meta == nil or type(meta) == "table" and rawget(meta, "__newindex") == nil
end

function json.decode(text, position, null, ...)
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then error(format("bad argument #1 to 'decode' (string expected, got %s)", type(text)), 2) end
  local object_meta, array_meta = ...
  if select("#", ...) == 0 then object_meta, array_meta = { __jsontype = "object" }, { __jsontype = "array" } end
  position = position or 1
  if type(position) == "number" and position >= 1 and is_passive(object_meta) and is_passive(array_meta) then
    local ok, value, stop = codec_decode(text, position, DECODE, DEPTH_MAX, null, array_meta, object_meta)
    -- A number or a word could go on behind where it ends for the codec.
    local kind = type(value)
    if ok and (kind == "table" or kind == "string") and not rawequal(value, null) then return value, stop end
  end
  return scan_value(text, position, null, object_meta, array_meta)
end

--- The original returns its LPeg version here; the codec is faster than both.
function json.use_lpeg()
  return json
end

return json
