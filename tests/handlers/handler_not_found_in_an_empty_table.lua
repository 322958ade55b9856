-- A module that returns a table without functions is told so.
--
-- init-error: Runtime.HandlerNotFound: module 'app' has no function 'handler'; it has no functions
return { handler = "a string" }
