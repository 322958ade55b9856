// A module that is not there is an import error, whoever imports it.
//
// init-error: Runtime.ImportModuleError: cannot find module 'lib/none.mjs'
// category: Runtime.ImportModuleError
import './lib/none.mjs';
export const handler = () => 1;
