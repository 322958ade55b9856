// A handler that is not exported is named, with what is.
//
// handler: app.handle
// init-error: Runtime.HandlerNotFound: module 'app' exports no function 'handle'; it has: handler, other
// category: Runtime.HandlerNotFound
export const handler = () => 1;
export const other = () => 2;
export const number = 3;
