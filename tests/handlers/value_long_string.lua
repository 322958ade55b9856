-- A string of a megabyte comes and goes whole, with and without escapes.
--
-- event: "{{abcdefghij*100000}}"
-- response: "{{abcdefghij*100000}}{{abcdefghij*100000}}"
-- event: "{{abcdefgh\n*100000}}"
-- response: "{{abcdefgh\n*100000}}{{abcdefgh\n*100000}}"
return { handler = function(event) return event .. event end }
