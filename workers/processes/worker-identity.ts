/**
 * The identity of a worker, as `temporal task-queue describe` and the page of a pending activity show it.
 */
import { hostname } from 'node:os';

/**
 * Returns the role, the host, the process id and the device, for example `trainer-1@machine (pid 4242, GPU 1)`. It is
 * unique while the process lives.
 */
export function workerIdentity(role: string, pid: number, device?: string): string {
  return `${role}@${hostname()} (pid ${pid}${device === undefined ? '' : `, ${device}`})`;
}
