-- Coroutines that start each other without end are an error or out of memory, never a signal.
--
-- event: 1
-- error: …: …
-- exit: 1
local function again() return coroutine.wrap(Again)() + 1 end
Again = again
return { handler = function() return coroutine.wrap(function() return again() end)() end }
