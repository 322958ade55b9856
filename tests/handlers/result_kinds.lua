-- Every JSON value may be a result.
--
-- event: 1
-- response: "text"
-- event: 2
-- response: 2.5
-- event: 3
-- response: true
-- event: 4
-- response: false
-- event: 5
-- response: null
-- event: 6
-- response: {"a":1}
-- event: 7
-- response: [1,2]
-- event: 8
-- response: 9223372036854775807
-- event: 9
-- response: 18446744073709551615
-- event: 10
-- response: {}
-- event: 11
-- response: ""
-- event: 12
-- response: -5
local coldmoon = require("coldmoon")
local results = { "text", 2.5, true, false, coldmoon.null, { a = 1 }, { 1, 2 }, 9223372036854775807LL, 18446744073709551615ULL, {}, "", -5LL }
return { handler = function(event) return results[event] end }
