-- os.exit in a coroutine ends the process as anywhere else.
--
-- event: 1
-- error: Runtime.ExitError: the function called os.exit(5)
-- exit: 5
return { handler = function() return coroutine.wrap(function() print2 = 1 os.exit(5) end)() end }
