-- A table that can be called is a handler.
--
-- event: 7
-- response: 8
return { handler = setmetatable({}, { __call = function(_, event) return event + 1 end }) }
