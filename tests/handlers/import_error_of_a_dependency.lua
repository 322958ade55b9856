-- A module that the handler's module requires and that is not found is an import error that names it.
--
-- init-error: Runtime.ImportModuleError: …module 'absent.thing' not found:…/absent/thing.lua'…
-- stack: [C]: in function 'require'
-- stack: app.lua:7: in main chunk
-- stack: …
require("absent.thing")
