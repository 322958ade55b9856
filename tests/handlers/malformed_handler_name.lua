-- A handler name without a dot and without such a module is malformed.
--
-- handler: nodot
-- init-error: Runtime.MalformedHandlerName: the handler 'nodot' is not of the form module.function, and there is no module 'nodot'
-- category: Runtime.MalformedHandlerName
return {}
