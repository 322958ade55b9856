--- A stand-in for coldmoon in plain Lua (5.1 to 5.4, LuaJIT), so that handlers run under busted or luaunit on a laptop:
--
--   LUA_PATH="/path/to/coldmoon/lua/stub/?.lua;;" busted
--
-- It brings `coldmoon`, `coldmoon.json`, `coldmoon.log` and `coldmoon.base64` in plain Lua, and the runtime's own `coldmoon.http`,
-- `coldmoon.batch` and `coldmoon.metrics`. What differs from the runtime:
--
-- * `coldmoon.null` is a table, JSON's members are written in the order of their names, numbers are what the Lua at hand has: no 64-bit
--   integers before Lua 5.3;
-- * `coldmoon.sleep` takes no time: it moves the clock of `coldmoon.now`;
-- * log entries are kept, hooks are called by the test: `coldmoon.stub` has what a test needs.

local concat, sort, floor, huge = table.concat, table.sort, math.floor, math.huge
local byte, char, find, format, gsub, match, sub = string.byte, string.char, string.find, string.format, string.gsub, string.match, string.sub

local ARRAY, OBJECT = { __jsontype = "array" }, { __jsontype = "object" }
local RAW, STREAM = { __jsontype = "raw" }, { __jsontype = "stream" }
local DEPTH_MAX = 1000
local null = setmetatable({}, { __tostring = function() return "null" end })

local function tagger(name, tag)
  return function(t)
    t = t or {}
    local meta = getmetatable(t)
    if meta and meta ~= ARRAY and meta ~= OBJECT then error("coldmoon." .. name .. ": the table already has a metatable", 2) end
    return setmetatable(t, tag)
  end
end

local array, object = tagger("array", ARRAY), tagger("object", OBJECT)

-- ---- coldmoon.json ----

-- The sequences of UTF-8 beyond ASCII (RFC 3629, section 4), and the three-byte form of surrogates, which JSON has an escape for.
local SEQUENCES = {
  "^[\194-\223][\128-\191]()", "^\224[\160-\191][\128-\191]()", "^[\225-\239][\128-\191][\128-\191]()",
  "^\240[\144-\191][\128-\191][\128-\191]()", "^[\241-\243][\128-\191][\128-\191][\128-\191]()", "^\244[\128-\143][\128-\191][\128-\191]()",
}

local function is_utf8(text)
  local at = find(text, "[\128-\255]")
  while at do
    local stop
    for _, sequence in ipairs(SEQUENCES) do stop = stop or match(text, sequence, at) end
    if not stop then return false end
    at = find(text, "[\128-\255]", stop)
  end
  return true
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\127"] = "\127" }

local function write_string(text, path)
  if not is_utf8(text) then
    error(path .. " is not valid UTF-8 and cannot be JSON text; use coldmoon.raw, or encode it with base64", 0)
  end
  text = gsub(text, '[%c"\\]', function(found) return ESCAPES[found] or format("\\u%04x", byte(found)) end)
  text = gsub(text, "\237([\160-\191])([\128-\191])", function(high, low)
    return format("\\u%04x", 0xd000 + (byte(high) - 128) * 64 + byte(low) - 128)
  end)
  return '"' .. text .. '"'
end

local function write_number(value, path)
  if value ~= value or value == huge or value == -huge then error(path .. " is NaN or infinite", 0) end
  if value == floor(value) and value > -2 ^ 53 and value < 2 ^ 53 then return format("%.0f", value) end
  if math.type and math.type(value) == "integer" then return format("%d", value) end
  for digits = 15, 17 do
    local text = format("%." .. digits .. "g", value)
    if tonumber(text) == value then return text end
  end
end

local write

--- The number of elements where a table is an array.
local function array_length(value)
  if getmetatable(value) == OBJECT then return nil end
  local count = 0
  for key in pairs(value) do
    if type(key) ~= "number" then return nil end
    count = count + 1
  end
  if count == 0 and getmetatable(value) ~= ARRAY then return nil end
  return count == #value and count or nil
end

local function write_table(value, path, parents, depth, indent)
  if depth > DEPTH_MAX then error(path .. " is nested too deeply", 0) end
  if parents[value] then error(path .. " is a cycle", 0) end
  parents[value] = true
  local parts, length = {}, array_length(value)
  if length then
    for index = 1, length do parts[index] = write(value[index], path .. "[" .. index .. "]", parents, depth + 1, indent) end
  else
    local names = {}
    for name in pairs(value) do
      if type(name) ~= "string" then error(path .. " has keys that JSON cannot hold", 0) end
      names[#names + 1] = name
    end
    sort(names)
    for index, name in ipairs(names) do
      parts[index] = write_string(name, path) .. (indent and ": " or ":") .. write(value[name], path .. "." .. name, parents, depth + 1, indent)
    end
  end
  parents[value] = nil
  local open, close = length and "[" or "{", length and "]" or "}"
  if not indent or #parts == 0 then return open .. concat(parts, ",") .. close end
  local line = "\n" .. indent:rep(depth)
  return open .. line .. indent .. concat(parts, "," .. line .. indent) .. line .. close
end

write = function(value, path, parents, depth, indent)
  local kind = type(value)
  if value == nil or rawequal(value, null) then return "null" end
  if kind == "boolean" then return tostring(value) end
  if kind == "number" then return write_number(value, path) end
  if kind == "string" then return write_string(value, path) end
  if kind == "table" then return write_table(value, path, parents, depth, indent) end
  error(path .. " is a " .. kind .. ", which JSON cannot hold", 0)
end

local function encode(value, options)
  local ok, text = pcall(write, value, "value", {}, 0, options and options.indent)
  if not ok then error("coldmoon.json.encode: " .. text, 2) end
  return text
end

--- The character of a code point; surrogates keep their three-byte form.
local function utf8_of(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xc0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then return char(0xe0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64) end
  return char(0xf0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

local UNESCAPES = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function fail(what, at)
  error({ message = "coldmoon.json.decode: " .. what .. " at byte " .. at }, 0)
end

--- The first byte behind white space.
local function skip(text, at)
  return match(text, "^[ \t\r\n]*()", at)
end

local function read_string(text, at)
  local parts, from = {}, at + 1
  while true do
    local stop = find(text, '[%c"\\]', from)
    while stop and byte(text, stop) == 127 do stop = find(text, '[%c"\\]', stop + 1) end
    if not stop then fail("the string has no end", #text + 1) end
    parts[#parts + 1] = sub(text, from, stop - 1)
    local found = sub(text, stop, stop)
    if found == '"' then
      local value = concat(parts)
      if not is_utf8(value) then fail("the text is not valid UTF-8", at) end
      return value, stop + 1
    end
    if found ~= "\\" then fail("a control character must be escaped", stop) end
    local letter = sub(text, stop + 1, stop + 1)
    if UNESCAPES[letter] then
      parts[#parts + 1], from = UNESCAPES[letter], stop + 2
    else
      local code = tonumber(match(text, "^u(%x%x%x%x)", stop + 1) or fail("the escape is none of JSON's", stop), 16)
      from = stop + 6
      local low = code >= 0xd800 and code < 0xdc00 and tonumber(match(text, "^\\u([dD][c-fC-F]%x%x)", from) or "", 16)
      if low then code, from = (code - 0xd800) * 1024 + low - 0xdc00 + 0x10000, from + 6 end
      parts[#parts + 1] = utf8_of(code)
    end
  end
end

local read

local function read_array(text, at, depth)
  local list, count = array(), 0
  at = skip(text, at + 1)
  if sub(text, at, at) == "]" then return list, at + 1 end
  while true do
    count = count + 1
    list[count], at = read(text, at, depth)
    at = skip(text, at)
    local found = sub(text, at, at)
    if found == "]" then return list, at + 1 end
    if found ~= "," then fail("a comma or the end of the array is expected", at) end
    at = skip(text, at + 1)
  end
end

local function read_object(text, at, depth)
  local members = {}
  at = skip(text, at + 1)
  if sub(text, at, at) == "}" then return members, at + 1 end
  while true do
    if sub(text, at, at) ~= '"' then fail("a key is expected", at) end
    local name
    name, at = read_string(text, at)
    at = skip(text, at)
    if sub(text, at, at) ~= ":" then fail("a colon is expected", at) end
    members[name], at = read(text, skip(text, at + 1), depth)
    at = skip(text, at)
    local found = sub(text, at, at)
    if found == "}" then return members, at + 1 end
    if found ~= "," then fail("a comma or the end of the object is expected", at) end
    at = skip(text, at + 1)
  end
end

local WORDS = { ["true"] = true, ["false"] = false, null = null }

read = function(text, at, depth)
  if depth > DEPTH_MAX then fail("the nesting is too deep", at) end
  local first = sub(text, at, at)
  if first == "{" then return read_object(text, at, depth + 1) end
  if first == "[" then return read_array(text, at, depth + 1) end
  if first == '"' then return read_string(text, at) end
  local word, stop = match(text, "^(%a+)()", at)
  if word and WORDS[word] ~= nil then return WORDS[word], stop end
  local digits = match(text, "^%-?0", at) or match(text, "^%-?[1-9]%d*", at)
  if not digits then fail("a value is expected", at) end
  stop = at + #digits
  digits = digits .. (match(text, "^%.%d+", stop) or "")
  digits = digits .. (match(text, "^[eE][+-]?%d+", at + #digits) or "")
  return tonumber(digits), at + #digits
end

local function decode(text)
  if type(text) ~= "string" then error("bad argument #1 to 'decode' (string expected, got " .. type(text) .. ")", 2) end
  local ok, value = pcall(function()
    local value, at = read(text, skip(text, 1), 0)
    at = skip(text, at)
    if at <= #text then fail("the end is expected", at) end
    return value
  end)
  if not ok then error(type(value) == "table" and value.message or value, 2) end
  return value
end

-- ---- coldmoon.base64 ----

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

local function encoder(letters, pad)
  return function(bytes)
    if type(bytes) ~= "string" then error("string expected, got " .. type(bytes), 2) end
    local parts = {}
    for at = 1, #bytes, 3 do
      local a, b, c = byte(bytes, at, at + 2)
      local word, text = a * 65536 + (b or 0) * 256 + (c or 0), ""
      for shift = 0, c and 3 or b and 2 or 1 do
        local value = floor(word / 64 ^ (3 - shift)) % 64
        text = text .. sub(letters, value + 1, value + 1)
      end
      parts[#parts + 1] = text .. (c and "" or sub(pad, b and 2 or 1))
    end
    return concat(parts)
  end
end

local function decoder(name, letters, needs_padding)
  local value_of = {}
  for value = 0, 63 do value_of[byte(letters, value + 1)] = value end
  return function(text)
    if type(text) ~= "string" then error("string expected, got " .. type(text), 2) end
    local function refuse(what) error("coldmoon.base64." .. name .. ": " .. what, 3) end
    if needs_padding and #text % 4 ~= 0 then refuse("the length is no multiple of four: " .. #text) end
    if #text % 4 == 0 then text = match(text, "^(.-)==?$") or text end
    if #text % 4 == 1 then refuse("one letter is too few at the end") end
    local parts = {}
    for at = 1, #text, 4 do
      local word, count = 0, 0
      for index = at, at + 3 do
        local found = byte(text, index)
        local value = value_of[found] or found and refuse("byte " .. index .. " is not in the alphabet") or 0
        word, count = word * 64 + value, count + (found and 1 or 0)
      end
      if word % 256 ^ (4 - count) ~= 0 then refuse("bits are left over at the end") end
      parts[#parts + 1] = sub(char(floor(word / 65536), floor(word / 256) % 256, word % 256), 1, count - 1)
    end
    return concat(parts)
  end
end

-- ---- coldmoon, coldmoon.log ----

local stub = { logs = {}, hooks = { on_shutdown = {}, before_snapshot = {}, after_restore = {} } }
local slept_ms = 0

local coldmoon = { null = null, version = "stub", array = array, object = object, stub = stub }

function coldmoon.raw(bytes, content_type)
  return setmetatable({ bytes, content_type }, RAW)
end

function coldmoon.stream(producer, options)
  return setmetatable({ producer, options or {} }, STREAM)
end

function coldmoon.now()
  return os.time() * 1000 + slept_ms
end

function coldmoon.sleep(ms)
  slept_ms = slept_ms + math.max(0, math.ceil(ms))
end

function coldmoon.random(count)
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = count > 0 and file:read(count) or ""
  file:close()
  return bytes
end

for name, list in pairs(stub.hooks) do
  coldmoon[name] = function(fn) list[#list + 1] = fn end
end

--- Runs the hooks of a name: before a snapshot the last registered first, the others in their order.
function stub.run(name)
  local list = stub.hooks[name]
  for index = 1, #list do list[name == "before_snapshot" and #list + 1 - index or index]() end
end

--- The chunks that a streamed result writes.
function stub.chunks(result)
  assert(getmetatable(result) == STREAM, "the result is no stream")
  local chunks = {}
  result[1](function(bytes)
    if bytes and bytes ~= "" then chunks[#chunks + 1] = bytes end
    return 1
  end)
  return chunks
end

--- A context; `fields` adds to it. `remaining_ms` is the time that is left (default 3,000).
function stub.context(fields)
  local context = { aws_request_id = "stub", function_name = "function", function_version = "$LATEST", memory_limit_in_mb = 128 }
  for name, value in pairs(fields or {}) do context[name] = value end
  local deadline_ms = coldmoon.now() + (context.remaining_ms or 3000)
  context.remaining_ms, context.request_id = nil, context.aws_request_id
  context.deadline_ms, context.deadline = deadline_ms, deadline_ms
  context.get_remaining_time_in_millis = function() return math.max(0, deadline_ms - coldmoon.now()) end
  return context
end

local log = {}
for _, level in ipairs { "trace", "debug", "info", "warn", "error", "fatal" } do
  log[level] = function(message, fields)
    stub.logs[#stub.logs + 1] = { level = level, message = message, fields = fields }
  end
end

package.preload["coldmoon.json"] = function()
  return { encode = encode, decode = decode, null = null, array = array, object = object }
end
package.preload["coldmoon.log"] = function() return log end
package.preload["coldmoon.base64"] = function()
  local standard, url = LETTERS .. "+/", LETTERS .. "-_"
  return {
    encode = encoder(standard, "=="), encode_url = encoder(url, ""),
    decode = decoder("decode", standard, true), decode_url = decoder("decode_url", url, false),
  }
end

-- The runtime's own modules lie beside this folder.
local folder = match(debug.getinfo(1, "S").source, "^@(.*)stub/coldmoon%.lua$") or "lua/"
for _, name in ipairs { "http", "batch", "metrics" } do
  package.preload["coldmoon." .. name] = function(...)
    return assert(loadfile(folder .. "coldmoon/" .. name .. ".lua"))(...)
  end
end

return coldmoon
