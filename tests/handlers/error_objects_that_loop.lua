-- A __tostring that recurses without end is reported, and the process goes on.
--
-- event: 1
-- error: LuaError: …
-- event: 2
-- response: 2
local object
object = setmetatable({}, { __tostring = function(self) return tostring(self) .. "!" end })
return { handler = function(event) if event == 1 then error(object) end return event end }
