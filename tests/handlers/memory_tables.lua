-- A table that grows without end is an out-of-memory error; then the process ends.
--
-- event: 1
-- response: 1
-- event: 2
-- error: Runtime.OutOfMemory: Lua ran out of memory
-- category: Runtime.OutOfMemory
-- exit: 1
return {
  handler = function(event)
    if event == 1 then return 1 end
    local t = {}
    for i = 1, math.huge do t[i] = { i } end
  end,
}
