-- os.exit ends the process with its code after other invocations were answered.
--
-- event: 1
-- response: 1
-- event: 3
-- error: Runtime.ExitError: the function called os.exit(3)
-- exit: 3
return { handler = function(event) if event == 3 then os.exit(3) end return event end }
