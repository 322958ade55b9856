-- An out-of-memory error that the function catches is its own affair.
--
-- event: 2
-- response: [false,"not enough memory"]
-- event: 3
-- response: [false,"not enough memory"]
return { handler = function() return { pcall(string.rep, "x", 200 * 1024 * 1024) } end }
