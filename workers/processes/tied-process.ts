/**
 * Children that cannot outlive their supervisor, whatever ends it.
 *
 * Each child is the leader of a process group and runs beside a watcher of a few kilobytes that reads a pipe from the
 * supervisor. When the pipe ends, the supervisor is gone (kill -9 included) and the watcher ends the group. The group's
 * number cannot be given to anybody else while the watcher is in it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** Seconds from being asked to end to being killed, once the supervisor is gone. */
const GRACE_SECONDS = 10;

/**
 * The watcher ignores the signals that it sends; the command takes the shell's place, so that its process id is the
 * child's.
 */
const SCRIPT = `
exec 9<&0
(
  trap '' TERM INT HUP
  cat <&9 >/dev/null
  kill -s TERM -- -$$
  sleep ${GRACE_SECONDS}
  kill -s KILL -- -$$
) </dev/null >/dev/null 2>&1 &
exec "$@" 9<&- </dev/null`;

/**
 * Starts the command with its output going to the file descriptor. `pid` of the result is the command's own, and its
 * group's.
 */
export function spawnTiedToParent(
  command: string,
  args: readonly string[],
  { env, cwd, output }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string; readonly output: number | 'ignore' },
): ChildProcess {
  return spawn('/bin/sh', ['-c', SCRIPT, 'sh', command, ...args], {
    env,
    cwd,
    detached: true,
    stdio: ['pipe', output, output],
  });
}

/** Kills whatever is left of the group, its watcher too; none left is no error. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
