-- Other numbers are doubles, written as the shortest text that reads back to the same.
--
-- event: [0.1,0.2,0.3,1.5,-2.25,3.141592653589793,1e-7,123456.789,1e300]
-- response: [0.1,0.2,0.3,1.5,-2.25,3.141592653589793,1e-7,123456.789,1e+300]
-- event: [0.30000000000000004,5e-324,2.2250738585072014e-308,1.7976931348623157e+308]
-- response: [0.30000000000000004,5e-324,2.2250738585072014e-308,1.7976931348623157e+308]
return { handler = function(event) return event end }
