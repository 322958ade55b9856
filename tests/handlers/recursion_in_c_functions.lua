-- Recursion without end through C functions is an error, never a signal.
--
-- event: 1
-- error: LuaError: …
-- event: 2
-- response: 2
local function sub(s) return (s:gsub(".", sub)) end
return { handler = function(event) if event == 1 then return sub("a") end return event end }
