-- Memory that runs out in a coroutine is an out-of-memory error too, however much is free again when the error arrives.
--
-- event: 2
-- error: Runtime.OutOfMemory: Lua ran out of memory
-- exit: 1
return {
  handler = function()
    coroutine.wrap(function()
      local t = {}
      for i = 1, math.huge do t[i] = { tostring(i) } end
    end)()
  end,
}
