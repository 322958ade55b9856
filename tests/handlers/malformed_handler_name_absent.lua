-- Without _HANDLER the init error says what is missing.
--
-- env: _HANDLER
-- init-error: Runtime.MalformedHandlerName: _HANDLER is not set…
return {}
