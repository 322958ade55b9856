-- A mistake in the module body is a LuaError with its position.
--
-- init-error: LuaError: app.lua:4: attempt to index global 'config' (a nil value)
local name = config.name
return {}
