return { handler = function(event) if event == 'fail' then error({ type = 'Custom', message = 'as asked' }) end return event end }
