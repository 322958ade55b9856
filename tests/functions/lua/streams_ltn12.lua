-- The pump of LTN12 as LuaSocket has it (ltn12.pump.all).
local coldmoon = require 'coldmoon'
return { handler = function()
  local parts = { 'one', '', 'two' }
  local function source() return table.remove(parts, 1) end
  return coldmoon.stream(function(sink)
    while true do
      local chunk, src_err = source()
      local ret, snk_err = sink(chunk, src_err)
      if chunk and ret then elseif src_err or snk_err then return nil, src_err or snk_err else return 1 end
    end
  end)
end }
