/**
 * Who polls a task queue, as `temporal task-queue describe` and a pending activity's page show it.
 */
import { hostname } from 'node:os';

/**
 * Names the role, the host and what it computes with, such as `trainer-1@machine (pid 4242, GPU 1)`: unique while the
 * process lives.
 */
export function workerIdentity(role: string, pid: number, device?: string): string {
  return `${role}@${hostname()} (pid ${pid}${device === undefined ? '' : `, ${device}`})`;
}
