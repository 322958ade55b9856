-- A function that the module does not have is reported with what it does have.
--
-- handler: app.handle
-- init-error: Runtime.HandlerNotFound: module 'app' has no function 'handle'; it has: get, handler
-- category: Runtime.HandlerNotFound
return { handler = print, get = print, version = 1 }
