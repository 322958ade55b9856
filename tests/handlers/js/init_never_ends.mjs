// A module that waits for what never comes is an init error.
//
// init-error: Runtime.UnsettledPromise: a promise that the function waits for never settles
// category: Runtime.UnsettledPromise
await new Promise(() => {});
