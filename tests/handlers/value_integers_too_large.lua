-- Integers that do not fit 64 bits become doubles, written as the shortest text that reads back to the same.
--
-- event: [18446744073709551616,-9223372036854775809,123456789012345678901234567890]
-- response: {"number":[18446744073709552000,-9223372036854776000,1.2345678901234568e+29]}
return { handler = function(event) return { [type(event[1])] = event } end }
