-- The memory that an event needs: the process's resident peak so far, its resident memory when only the event and its values are left, and
-- what Lua says it holds.
local function status(name)
  local file = io.open "/proc/self/status"
  local text = file:read "*a"
  file:close()
  return tonumber(text:match(name .. ":%s*(%d+)"))
end

return {
  handler = function(event)
    local peak = status "VmHWM"
    collectgarbage()
    collectgarbage()
    local with = collectgarbage "count"
    local resident = status "VmRSS"
    return { peak_kb = peak, resident_kb = resident, with_kb = with, items = event.items and #event.items or 0 }
  end,
}
