/**
 * One set-up at a time in a checkout.
 */

import { takeLock } from '../workers/processes/socket-lock.mjs';

const RETRY_MS = 500;

/**
 * Waits until no other set-up works in this folder, then takes the lock.
 * @param {string} folder absolute: what the lock is for
 * @param {() => void} onWaiting called once if another set-up is at work
 * @returns {Promise<() => void>} releases the lock
 */
export async function lock(folder, onWaiting) {
  for (let attempt = 0; ; attempt += 1) {
    const server = await takeLock('setup', folder);
    if (server !== undefined) return () => server.close();
    if (attempt === 0) onWaiting();
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
