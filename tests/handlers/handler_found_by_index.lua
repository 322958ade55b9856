-- A module table may find its functions through a metatable.
--
-- event: 1
-- response: "handler"
return setmetatable({}, { __index = function(_, name) return function() return name end end })
