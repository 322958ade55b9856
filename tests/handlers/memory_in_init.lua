-- Memory that runs out while the module loads is an init error.
--
-- init-error: Runtime.OutOfMemory: Lua ran out of memory
local t = {}
while true do t[#t + 1] = ("x"):rep(100000) .. #t end
