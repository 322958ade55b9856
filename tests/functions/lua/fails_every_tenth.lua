return { handler = function(event) if event.n % 10 == 0 then error('every tenth', 0) end return event end }
