/**
 * Starts child processes that cannot outlive their supervisor, even if `kill -9` ends it.
 *
 * Each child leads a process group. A small watcher process in the same group reads a pipe from the supervisor. When
 * the supervisor ends, the pipe closes and the watcher ends the group. The system cannot reuse the group's number while
 * the watcher is in it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** Seconds between SIGTERM and SIGKILL after the supervisor has ended. */
const GRACE_SECONDS = 10;

/**
 * The watcher ignores the signals that it sends, and closes the command's message channel. The command replaces the
 * shell, so its process id is the child's id.
 */
const SCRIPT = `
exec 9<&0
(
  trap '' TERM INT HUP
  cat <&9 >/dev/null
  kill -s TERM -- -$$
  sleep ${GRACE_SECONDS}
  kill -s KILL -- -$$
) </dev/null >/dev/null 2>&1 3>&- &
exec "$@" 9<&- </dev/null`;

export interface TiedOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Where its output goes: a file descriptor, or to where this process's own goes. */
  readonly output: number | 'ignore' | 'inherit';
  /** Whether it is a Node process that exchanges messages with this one, structured as `structuredClone` takes them. */
  readonly messages?: boolean;
}

/**
 * Starts the command. `pid` of the result is the id of the command and of its group.
 */
export function spawnTiedToParent(
  command: string,
  args: readonly string[],
  { env, cwd, output, messages = false }: TiedOptions,
): ChildProcess {
  return spawn('/bin/sh', ['-c', SCRIPT, 'sh', command, ...args], {
    env,
    cwd,
    detached: true,
    stdio: ['pipe', output, output, ...(messages ? ['ipc' as const] : [])],
    ...(messages ? { serialization: 'advanced' as const } : {}),
  });
}

/** Kills the remaining processes of the group, including its watcher. Does nothing if none is left. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
