/**
 * Runs commands of the repository.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A command that runs. */
export interface Started {
  /** Its output so far. */
  readonly output: () => string;
  readonly errors: () => string;
  readonly interrupt: () => void;
  readonly exitCode: Promise<number | null>;
}

/** Kills a process at the end of the test, or of the hook, that runs now: a failed test leaves nothing running. */
export function endWithTest(child: ChildProcess): void {
  after(() => child.kill('SIGKILL'));
}

/**
 * Starts `workers/commands/<file>` with the options. It inherits the environment without the variables of the AWS SDK;
 * `environment` adds variables. The command ends with the test that starts it.
 */
export function startCommand(
  file: string,
  options: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Started {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  const child = spawn(process.execPath, ['--import', 'tsx', join('workers/commands', file), ...options], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, ...environment },
  });
  endWithTest(child);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return {
    output: () => output,
    errors: () => errors,
    interrupt: () => child.kill('SIGINT'),
    exitCode: once(child, 'close').then(([code]) => code as number | null),
  };
}

/** Runs a command to its end. */
export async function runCommand(
  file: string,
  options: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const command = startCommand(file, options, environment);
  const code = await command.exitCode;
  return { code, output: command.output(), errors: command.errors() };
}
