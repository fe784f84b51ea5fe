/**
 * `node setup/run.mjs TOOL.ts [ARGUMENT…]`: brings everything into place, then becomes the tool.
 *
 * The tool is loaded into this very process rather than started as another: signals, standard streams and the exit code
 * are its own, with nothing in between that would have to pass them on. All arguments are the tool's.
 */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';

/**
 * What `node --import tsx` loads: importing it makes TypeScript readable. A string to tsc, since tsx declares no types
 * for it.
 */
const LOADER = /** @type {string} */ ('tsx');

const [tool, ...rest] = process.argv.slice(2);
if (tool === undefined) {
  console.error('Expected the first argument to be the tool to run, e.g. workers/commands/start.ts');
  process.exit(1);
}
await setUp();

const file = path.resolve(ROOT, tool);
process.argv.splice(1, Infinity, file, ...rest);
// What the tool forks or starts as a thread reads TypeScript too.
process.execArgv.push('--import', 'tsx');
await import(LOADER);
await import(pathToFileURL(file).href);
