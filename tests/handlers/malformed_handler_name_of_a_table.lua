-- A handler name without a dot whose module returns a table is malformed.
--
-- handler: app
-- init-error: Runtime.MalformedHandlerName: the handler 'app' is not of the form module.function, and the module 'app' returned a table, not a function
return { handler = print }
