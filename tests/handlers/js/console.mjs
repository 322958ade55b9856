// The console writes entries with levels, process.stdout and stderr lines as they are.
//
// event: 1
// response: null
// stdout: [DEBUG] $ID debug
// stdout: [INFO] $ID text 1 true null undefined {"a":[1,{"b":2}]} 5
// stdout: [INFO] $ID two\x0dlines
// stdout: [WARN] $ID Error: shown\x0d    at handler (app.mjs:…
// stdout: [ERROR] $ID error
// stdout: a line
// stdout: a part and its end
// stdout: what waits
// stderr: to stderr
export const handler = () => {
  console.debug('debug');
  console.log('text', 1, true, null, undefined, { a: [1, { b: 2n }] }, 5n);
  console.info('two\nlines');
  console.warn(new Error('shown'));
  console.error('error');
  process.stdout.write('a line\na part');
  process.stdout.write(' and its end\nwhat waits');
  process.stderr.write('to stderr\n');
};
