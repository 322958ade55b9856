return { handler = function(event) if event == 1 then return ('x'):rep(6000000) end return event end }
