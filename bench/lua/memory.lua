-- The memory that an event needs: resident peak of the process, and what Lua holds.
return {
  handler = function(event)
    local status = io.open "/proc/self/status"
    local text = status:read "*a"
    status:close()
    local peak = tonumber(text:match "VmHWM:%s*(%d+)")
    collectgarbage()
    collectgarbage()
    local with = collectgarbage "count"
    local count = event.items and #event.items or 0
    event = nil
    return { peak_kb = peak, with_kb = with, items = count }
  end,
}
