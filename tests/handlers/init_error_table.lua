-- A table raised while the module loads gives the init error its own type and message.
--
-- init-error: Config.Missing: no table name
-- category: Function.Unknown
error({ type = "Config.Missing", message = "no table name" })
