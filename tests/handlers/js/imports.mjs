// Modules are found relative to the one that imports them, and below the task root; dynamic imports too; each runs once.
//
// event: 1
// response: ["a","a","c",1]
import { name } from './lib/a.mjs';
import { again, runs } from './lib/deep/c.js';
export const handler = async () => [name, again, (await import('./lib/deep/c.js')).default, runs()];
---- file: lib/a.mjs
globalThis.runs = (globalThis.runs ?? 0) + 1;
export const name = 'a';
---- file: lib/deep/c.js
import { name } from '../a.mjs';
export const again = name;
export const runs = () => globalThis.runs;
export default 'c';
