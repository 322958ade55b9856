-- A module that returns nothing is told that it returned a boolean, as require sees it.
--
-- init-error: Runtime.HandlerNotFound: module 'app' returned a boolean, not a table with the function 'handler'…
function handler() end
