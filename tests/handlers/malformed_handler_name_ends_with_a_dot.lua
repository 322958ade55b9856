-- A handler name without a function behind its dot is malformed.
--
-- handler: app.
-- init-error: Runtime.MalformedHandlerName: …'app.'…
return {}
