-- Of a deep stack the innermost and outermost frames are shown.
--
-- event: 1
-- error: LuaError: app.lua:12: bottom
-- stack: [C]: in function 'error'
-- stack: app.lua:12: in function 'dive'
-- stack: app.lua:13: in function 'dive'
-- stack: …
-- stack: ...
-- stack: …
-- stack: app.lua:16: in function 'handler'
local function dive(n) if n == 0 then error("bottom") end
  local result = dive(n - 1)
  return result
end
return { handler = function() local x = dive(100) return x end }
