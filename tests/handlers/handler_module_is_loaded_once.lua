-- The module is loaded once, during INIT, with its name as argument; its locals live as long as the process.
--
-- stdout: loading app
-- event: 1
-- response: 1
-- event: 1
-- response: 2
print("loading " .. ...)
local count = 0
return { handler = function() count = count + 1 return count end }
