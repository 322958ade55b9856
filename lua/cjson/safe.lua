--- `cjson.safe`: `cjson`, whose `encode` and `decode` return nil and the error text instead of raising it. A wrong number of arguments is
-- raised here too, as in the original.

local cjson = require "cjson"
local error, pcall, select = error, pcall, select
local format, getinfo = string.format, debug.getinfo

--- `convert`, protected.
local function guard(convert)
  return function(...)
    if select("#", ...) ~= 1 then
      local info = getinfo(1, "n")
      local pattern = info.namewhat == "method" and "calling '%s' on bad self (%s)" or "bad argument #1 to '%s' (%s)"
      error(format(pattern, info.name or "?", "expected 1 argument"), 2)
    end
    local ok, value = pcall(convert, (...))
    if ok then return value end
    return nil, value
  end
end

local function new()
  local module = cjson.new()
  module.encode, module.decode, module.new = guard(module.encode), guard(module.decode), new
  return module
end

return new()
