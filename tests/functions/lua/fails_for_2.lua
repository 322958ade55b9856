return { handler = function(event) if event == 2 then error('oops') end return event end }
