-- A message of a megabyte is cut, not lost, and does not end the process.
--
-- event: 1
-- error: LuaError: {{x*1000}}…
-- event: 2
-- response: 2
return { handler = function(event) if event == 1 then error(("x"):rep(1000000), 0) end return event end }
