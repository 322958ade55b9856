-- A module that returns a number is told so.
--
-- init-error: Runtime.HandlerNotFound: module 'app' returned a number, not a table with the function 'handler'
return 42
