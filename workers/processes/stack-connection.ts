/**
 * Finds the Temporal server of a local stack for commands that read runs.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findRunningStack } from '../stack/running-stack.ts';
import { clientEnvironment } from '../stack/temporal-server.ts';
import { LOCAL } from './places.mjs';

const STACK_TIMEOUT_MS = 120_000;

/**
 * Returns the environment in which a client finds the Temporal server of the stack that runs in a directory, by default
 * in that of set-up; undefined if none runs there.
 */
export async function runningStackEnvironment(directory?: string): Promise<NodeJS.ProcessEnv | undefined> {
  const stateDirectory = join(directory === undefined ? LOCAL : resolve(directory), 'state');
  if (!existsSync(stateDirectory)) return undefined;
  const stack = await findRunningStack(stateDirectory, STACK_TIMEOUT_MS);
  return stack && clientEnvironment(stack, stateDirectory, process.env);
}
