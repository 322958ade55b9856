-- Long arrays and objects, and long ones in long ones, come back whole and in order.
--
-- event: [{{1,*3000}}2]
-- response: [{{1,*3000}}2]
-- event: [{{[{"a":[1,2,3]}],*700}}4]
-- response: [{{[{"a":[1,2,3]}],*700}}4]
-- event: [{{[*300}}{{7,*600}}8{{]*300}}]
-- response: [{{[*300}}{{7,*600}}8{{]*300}}]
return { handler = function(event) return event end }
