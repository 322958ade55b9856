// A handler is found in NAME.js too, in a folder, and when the module waits while it is loaded.
//
// handler: lib/app.run
// event: 1
// response: "from .js"
---- file: lib/app.js
const from = await Promise.resolve('from .js');
export async function run() { return from; }
