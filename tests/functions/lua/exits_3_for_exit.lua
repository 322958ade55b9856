return { handler = function(event) if event == 'exit' then os.exit(3) end return event end }
