/**
 * Identifies a process for good: process ids are reused, an id together with the start time is not.
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
    // The name, in parentheses, may hold blanks and parentheses of its own.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
