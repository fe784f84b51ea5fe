/**
 * Allows one set-up at a time in a checkout.
 */

import { takeLock } from '../workers/processes/socket-lock.mjs';

const RETRY_MS = 500;

/**
 * Waits until no other set-up runs in this folder, then takes the lock.
 * @param {string} folder absolute
 * @param {() => void} onWaiting is called once if another set-up is running
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
