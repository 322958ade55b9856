-- The module part of a handler name may be a path.
--
-- handler: api/users.get
-- event: 1
-- response: "api/users"
---- file: api/users.lua
return { get = function() return "api/users" end }
