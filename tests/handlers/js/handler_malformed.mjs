// A name without a function is none.
//
// handler: app
// init-error: Runtime.MalformedHandlerName: the handler 'app' is not of the form module.function
// category: Runtime.MalformedHandlerName
export const handler = () => 1;
