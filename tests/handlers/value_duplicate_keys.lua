-- Of equal keys the last one wins.
--
-- event: {"a":1,"a":2,"b":0,"a":3}
-- response: [3,0]
-- event: {"a":1,"\u0061":null,"b":[]}
-- response: [null,[]]
return { handler = function(event) return { event.a, event.b } end }
