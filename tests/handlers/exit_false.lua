-- os.exit(false) is 1.
--
-- event: 1
-- error: Runtime.ExitError: the function called os.exit(1)
-- exit: 1
return { handler = function() os.exit(false) end }
