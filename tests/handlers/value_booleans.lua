-- Booleans are booleans, both ways.
--
-- event: true
-- response: [true,"boolean"]
-- event: false
-- response: [false,"boolean"]
return { handler = function(event) return { event, type(event) } end }
