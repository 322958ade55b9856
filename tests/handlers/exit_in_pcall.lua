-- pcall does not catch os.exit.
--
-- event: 1
-- error: Runtime.ExitError: the function called os.exit(4)
-- exit: 4
return { handler = function() pcall(os.exit, 4) pcall(pcall, os.exit, 5) return "not reached" end }
