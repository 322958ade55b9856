// An error while the module is loaded keeps its type.
//
// init-error: RangeError: at the top
// stack: app.mjs:6: at <anonymous> (column …)
// category: Function.RangeError
throw new RangeError('at the top');
