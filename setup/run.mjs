/**
 * `node setup/run.mjs TOOL.ts [ARGUMENT…]`: installs what is missing in this clone, then runs the tool with the
 * arguments. Commands for developers are such tools.
 */

import path from 'node:path';
import { ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';
import { runTool } from './tool.mjs';

const [tool, ...rest] = process.argv.slice(2);
if (tool === undefined) {
  console.error('Expected the first argument to be the tool to run, e.g. workers/commands/start.ts');
  process.exit(1);
}
await setUp();
await runTool(path.resolve(ROOT, tool), rest);
