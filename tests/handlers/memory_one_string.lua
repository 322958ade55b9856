-- One string that does not fit is an out-of-memory error.
--
-- event: 2
-- error: Runtime.OutOfMemory: Lua ran out of memory
-- exit: 1
return { handler = function() return #("x"):rep(200 * 1024 * 1024) end }
