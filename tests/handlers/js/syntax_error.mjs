// A syntax error names its place.
//
// init-error: Runtime.UserCodeSyntaxError: …
// category: Runtime.UserCodeSyntaxError
// stack: app.mjs:6: at <module> (column …)
export const handler = () => { return 1 +; };
