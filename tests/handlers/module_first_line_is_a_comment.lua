-- A module may begin with a line for the shell.
--
-- handler: script.handler
-- event: 1
-- response: 1
return {}
---- file: script.lua
#!/usr/bin/env luajit
return { handler = function(event) return event end }
