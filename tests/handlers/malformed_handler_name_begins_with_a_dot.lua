-- A handler name without a module before its dot is malformed.
--
-- handler: .handler
-- init-error: Runtime.MalformedHandlerName: …'.handler'…
return {}
