-- os.exit is answered with an error before the process ends with its code, 0 too.
--
-- stdout: before
-- event: 1
-- error: Runtime.ExitError: the function called os.exit(0)
-- category: Runtime.ExitError
-- stack: [C]: in function 'exit'
-- stack: app.lua:10: in function 'handler'
-- exit: 0
return { handler = function() print("before") os.exit(0) end }
