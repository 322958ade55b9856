-- The module part of a handler name may be dotted; require turns the dots into folders.
--
-- handler: api.users.get
-- event: 1
-- response: "api.users"
---- file: api/users.lua
local name = ...
return { get = function() return name end }
