-- os.exit(true) is 0.
--
-- event: 1
-- error: Runtime.ExitError: the function called os.exit(0)
-- exit: 0
return { handler = function() os.exit(true, true) end }
