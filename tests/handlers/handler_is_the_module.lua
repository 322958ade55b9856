-- A module that returns the function itself serves whatever function name is configured.
--
-- event: "x"
-- response: "x"
return function(event) return event end
