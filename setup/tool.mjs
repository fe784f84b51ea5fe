/**
 * Runs a tool after set-up.
 *
 * The tool runs in this process, not in a child process. So it receives signals and owns the standard streams and the
 * exit code, and nothing has to pass them on.
 */

import { pathToFileURL } from 'node:url';
import { loaderArguments } from '../workers/processes/places.mjs';

/**
 * Runs a tool with arguments, as if Node had been started with it.
 * @param {string} file absolute
 * @param {readonly string[]} args
 */
export async function runTool(file, args) {
  process.argv.splice(1, Infinity, file, ...args);
  // Child processes and threads of the tool must read TypeScript too.
  const [option, loader] = loaderArguments();
  if (option !== undefined && loader !== undefined) {
    process.execArgv.push(option, loader);
    await import(loader);
  }
  await import(pathToFileURL(file).href);
}
