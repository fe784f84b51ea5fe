/**
 * Reads the start time of a process. The system reuses process ids, but an id and a start time together are unique.
 *
 * Plain JavaScript without packages, because set-up imports it before any package is installed.
 */

import { readFileSync } from 'node:fs';

/**
 * Reads when the kernel started a process.
 * @param {number} pid
 * @returns {string | undefined} clock ticks since boot; undefined if there is no such process, or only a zombie
 */
export function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name is in parentheses and may itself contain blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
