-- A string that grows without end is an out-of-memory error; then the process ends.
--
-- event: 2
-- error: Runtime.OutOfMemory: Lua ran out of memory
-- exit: 1
return {
  handler = function()
    local s = "x"
    while true do s = s .. s end
  end,
}
