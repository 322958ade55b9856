--- Runs a table of rows and reports what differs: in the runtime under test, and in the libraries that its modules stand in for.
--
-- A rows file returns sections, `{ title = "…", row, … }`; with `without = "mpx"` that library has none of what the section is about. A row:
--
--     { "cjson.encode({ a = 1 })", '{"a":1}' }                          what is called, as Lua source, and its results
--     { "cjson.encode(print)", raises = "Cannot serialise …" }          or its error, without the position, which is that of the call
--     { …, openresty = { … }, why = "…" }                               another result of that library, and why ours is not that
--
-- The libraries: `coldmoon`, `debian` (lua-cjson 2.1.0, dkjson 2.6), `openresty` (its lua-cjson). `originals` is all but the first; false instead of
-- results: not asked there. Each row has a `cjson` and a `safe` with settings of their own.

--- Whether two values are the same, tables by their contents.
local function same(a, b)
  if type(a) ~= type(b) then return false end
  if type(a) == "number" then return a ~= a and b ~= b or a == b and 1 / a == 1 / b end
  if type(a) == "cdata" then return tostring(a) == tostring(b) end
  if type(a) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function show(value)
  if type(value) == "string" then return (string.format("%q", value):gsub("\\\n", "\\n"):gsub("[%c\128-\255]", function(c) return "\\" .. c:byte() end)) end
  if type(value) == "number" then return string.format("%.17g", value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for key, member in pairs(value) do parts[#parts + 1] = "[" .. show(key) .. "]=" .. show(member) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function show_all(results, count)
  local parts = {}
  for index = 1, count do parts[index] = show(results[index]) end
  return count == 0 and "nothing" or table.concat(parts, ", ")
end

local function pack(...)
  return select("#", ...), { ... }
end

--- What a row evaluates to, in words, if that is not what is expected.
local function difference(call, expected, first, env)
  local chunk = assert(loadstring("return pass(" .. call .. ")", "=row"))
  setfenv(chunk, env)
  local count, results = pack(pcall(chunk))
  if expected.raises then
    local message = "row:1: " .. expected.raises
    if results[1] then return "no error, but " .. show_all({ unpack(results, 2, count) }, count - 1) end
    return results[2] ~= message and "error " .. show(results[2]) or nil
  end
  if not results[1] then return "error " .. show(results[2]) end
  local wanted = { unpack(expected, first, table.maxn(expected)) }
  local wanted_count = expected.n or math.max(table.maxn(expected) - first + 1, 0)
  results = { unpack(results, 2, count) }
  if count - 1 ~= wanted_count then return show_all(results, count - 1) end
  for index = 1, wanted_count do
    if not same(wanted[index], results[index]) then return show_all(results, count - 1) end
  end
end

--- Runs the rows of the file `name` in the library `which`: returns the number of rows that were run, the number of those that differ on
-- purpose, and the mismatches.
return function(name, which)
  local function environment()
    local env = { pass = function(...) return ... end }
    if name == "cjson_rows" then
      env.cjson, env.safe = require("cjson").new(), require("cjson.safe").new()
      env.null = env.cjson.null
    else
      env.json = require "dkjson"
    end
    return setmetatable(env, { __index = _G })
  end
  local path = assert(package.searchpath(name, package.path))
  local sections = setfenv(assert(loadfile(path)), environment())()
  local count, differing, mismatches = 0, 0, {}
  for _, section in ipairs(sections) do
    for _, row in ipairs(section) do
      local is_original = which ~= "coldmoon"
      local own = row[which]
      if own == nil and is_original then own = row.originals end
      if own ~= nil or row.originals ~= nil or row.debian ~= nil or row.openresty ~= nil then
        assert(row.why, "a row that differs says why: " .. row[1])
        differing = differing + 1
      end
      if own ~= false and section.without ~= which then
        count = count + 1
        local found = difference(row[1], own or row, own and 1 or 2, environment())
        if found then mismatches[#mismatches + 1] = which .. ": " .. section.title .. ": " .. row[1]:gsub("\n", " ") .. "\n    gives " .. found end
      end
    end
  end
  return count, differing, mismatches
end
