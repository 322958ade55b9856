-- Nesting of 1,000 levels is accepted both ways.
--
-- event: {{[*1000}}{{]*1000}}
-- response: {{[*1000}}{{]*1000}}
-- event: {{{"a":*1000}}1{{}*1000}}
-- response: {{{"a":*1000}}1{{}*1000}}
return { handler = function(event) return event end }
