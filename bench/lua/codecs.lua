-- What the JSON measurements share: the clock, the codecs, the comparison of values.

local M = {}

-- Nanoseconds of CPU time (CLOCK_PROCESS_CPUTIME_ID behind clock(3)), for batches: time in which another process had the processor is not in it.
function M.cpu()
  return os.clock() * 1e9
end

M.null = require("coldmoon").null
-- What stands for null, of all codecs.
local nulls = { [M.null] = true }

-- Each codec is loaded when it is asked for: { decode, encode }.
M.load = {}

function M.load.coldmoon()
  local json = require "coldmoon.json"
  return json.decode, json.encode
end

function M.load.cjson()
  local open = assert(package.loadlib(os.getenv "BENCH_CJSON", "luaopen_cjson"))
  local cjson = open()
  return cjson.decode, cjson.encode
end

function M.load.dkjson()
  -- By its file: the runtime has a module of that name.
  local dkjson = assert(loadfile(os.getenv "BENCH_DKJSON"))()
  -- Its encoder knows no other null than its own.
  local null = dkjson.null
  nulls[null] = true
  return function(text) return (dkjson.decode(text, 1, null)) end,
    function(value) return (dkjson.encode(value)) end
end

-- No codec: what LuaJIT needs to load the value from bytecode, which `bytecode.lua` has written beside the document.
function M.load.floor()
  local load, null = load, M.null
  return function(text) return load(text, "=floor", "b")(null) end
end

function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- Whether two decoded values are the same: 0 exactly, 1 but for numbers that lost digits, or an error that names the place.
-- Other libraries keep 14 digits of a number and no 64-bit integers.
function M.compare(a, b, path)
  path = path or "value"
  if nulls[a] and nulls[b] then return 0 end
  if type(a) == "table" and type(b) == "table" then
    local lost = 0
    for key, value in pairs(a) do
      if b[key] == nil then error(path .. "." .. tostring(key) .. " is missing") end
      lost = math.max(lost, M.compare(value, b[key], path .. "." .. tostring(key)))
    end
    for key in pairs(b) do
      if a[key] == nil then error(path .. "." .. tostring(key) .. " is too much") end
    end
    return lost
  end
  if type(a) == type(b) and a == b then return 0 end
  local left, right = tonumber(a), tonumber(b)
  if type(a) ~= "string" and type(b) ~= "string" and left and right and math.abs(left - right) <= 1e-13 * math.abs(left) then return 1 end
  error(path .. ": " .. tostring(a) .. " and " .. tostring(b))
end

-- The floor: a function that builds the value from constants, compiled, stripped and loaded as bytecode. Large values are spread over many
-- functions, because one holds at most 65,536 constants.
local CONSTANTS_MAX = 20000

local function literal(value)
  local kind = type(value)
  if value == M.null then return "null" end
  if kind == "string" then return string.format("%q", value):gsub("\r", "\\r"):gsub("%z", "\\0") end
  if kind == "number" then return string.format("%.17g", value) end
  return tostring(value) -- booleans; 64-bit integers print as the literals they are
end

-- The number of constants in a value, noted for each table.
local function weigh(value, weights)
  if type(value) ~= "table" then return 1 end
  local sum = 1
  for key, child in pairs(value) do sum = sum + (type(key) == "string" and 1 or 0) + weigh(child, weights) end
  weights[value] = sum
  return sum
end

-- The fields of `table` in their order: array first.
local function fields(table)
  local list, count = {}, #table
  for index = 1, count do list[index] = index end
  for key in pairs(table) do
    if not (type(key) == "number" and key >= 1 and key <= count) then list[#list + 1] = key end
  end
  return list, count
end

-- A value as a Lua expression; `write` does the values in it.
local function expression(value, write)
  if type(value) ~= "table" then return literal(value) end
  local list, count = fields(value)
  local parts = {}
  for index, key in ipairs(list) do
    local text = write(value[key])
    parts[index] = index <= count and text or "[" .. literal(key) .. "]=" .. text
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- Bytecode that makes the value when it is loaded and called with null: the floor of a first call, in which LuaJIT has strings to intern.
-- For values of up to 65,536 constants.
function M.bytecode(value)
  local function write(child) return expression(child, write) end
  return string.dump(assert(load("local null = ... return " .. write(value), "=floor")), true)
end

function M.floor(value)
  local weights, functions = {}, {}
  weigh(value, weights)
  local new_table = require "table.new"

  local constructor

  local function add(source)
    local chunk = assert(load("local F, null, new = ... return " .. source, "=floor"))
    local loaded = assert(load(string.dump(chunk, true), "=floor", "b"))
    jit.off(loaded, true)
    functions[#functions + 1] = loaded(functions, M.null, new_table)
    jit.off(functions[#functions], true)
    return "F[" .. #functions .. "]"
  end

  function constructor(value)
    if type(value) ~= "table" or weights[value] <= CONSTANTS_MAX then return expression(value, constructor) end
    local list, count = fields(value)
    -- Too large for one function: groups of fields are set by functions of their own.
    local body, group, weight = {}, {}, 0
    local function flush()
      if #group > 0 then
        body[#body + 1] = add("function(t) " .. table.concat(group, " ") .. " end") .. "(t)"
        group, weight = {}, 0
      end
    end
    for _, key in ipairs(list) do
      local child = value[key]
      local size = 2 + (weights[child] or 0)
      if weight + size > CONSTANTS_MAX then flush() end
      group[#group + 1] = "t[" .. literal(key) .. "]=" .. constructor(child) .. ";"
      weight = weight + (size > CONSTANTS_MAX and 4 or size)
    end
    flush()
    return add(string.format("function() local t = new(%d, %d) %s return t end", count, #list - count, table.concat(body, " "))) .. "()"
  end

  local source = constructor(value)
  add("function() return " .. source .. " end")
  return functions[#functions]
end

return M
