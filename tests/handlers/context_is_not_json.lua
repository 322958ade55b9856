-- A client context that is not JSON is an error of that invocation.
--
-- header: Lambda-Runtime-Client-Context: {oops
-- event: 1
-- error: Runtime.LambdaContextUnmarshalError: …not JSON…
-- event: 2
-- response: 2
return { handler = function(event) return event end }
