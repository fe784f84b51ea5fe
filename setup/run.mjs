/**
 * `node setup/run.mjs TOOL.ts [ARGUMENT…]`: installs what is missing, then runs the tool with the arguments.
 *
 * The tool runs in this process, not in a child process. So it receives signals and owns the standard streams and the
 * exit code, and nothing has to pass them on.
 */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';

/**
 * The module that `node --import tsx` loads. It makes Node read TypeScript. The cast to string hides it from tsc,
 * because tsx declares no types for it.
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
// Child processes and threads of the tool must read TypeScript too.
process.execArgv.push('--import', 'tsx');
await import(LOADER);
await import(pathToFileURL(file).href);
