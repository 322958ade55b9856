// So is that of the handler.
//
// handler: none.handler
// init-error: Runtime.ImportModuleError: cannot find module 'none.js'
// category: Runtime.ImportModuleError
