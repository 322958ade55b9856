return { handler = function(event) if event == 0 then error('oops') end return event end }
