-- A handler name without a dot is a module that returns a function.
--
-- handler: app
-- event: [1]
-- response: [1]
return function(event) return event end
