-- A string raised while the module loads is a LuaError with its position.
--
-- stdout: before
-- init-error: LuaError: app.lua:9: no database
-- category: Function.LuaError
-- stack: [C]: in function 'error'
-- stack: app.lua:9: in function 'connect'
-- stack: …
local function connect() print("before") error("no database") end
connect()
return {}
