/**
 * `node setup/run.mjs TOOL.ts [ARGUMENT…]`: installs what is missing in this clone, then runs the tool with the
 * arguments. Commands for developers are such tools; their `--help` installs nothing.
 */

import path from 'node:path';
import { TOOL_HELP } from '../workers/commands/tool-help.mjs';
import { ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';
import { runTool } from './tool.mjs';

const [tool, ...rest] = process.argv.slice(2);
if (tool === undefined) {
  console.error('Expected the first argument to be the tool to run, e.g. workers/commands/start.ts');
  process.exit(1);
}
const help = Object.entries(TOOL_HELP).find(([name]) => tool === `workers/commands/${name}.ts`)?.[1];
if (help !== undefined && (rest.includes('--help') || rest.includes('-h'))) {
  console.log(help.trim());
  process.exit(0);
}
await setUp();
await runTool(path.resolve(ROOT, tool), rest);
