/**
 * One set-up at a time in a checkout.
 *
 * The lock is a socket in Linux's abstract namespace: the kernel takes it back the moment its owner dies, however it
 * dies, so there is no stale lock to recognise.
 */

import { createHash } from 'node:crypto';
import net from 'node:net';

const RETRY_MS = 500;

/**
 * Waits until no other set-up works in this folder, then holds the lock.
 * @param {string} folder absolute: what the lock is for
 * @param {() => void} onWaiting called once where another one is at work
 * @returns {Promise<() => void>} gives the lock back
 */
export async function lock(folder, onWaiting) {
  const name = `\0fire-pbt-setup-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`;
  for (let attempt = 0; ; attempt += 1) {
    const server = await listen(name);
    if (server !== undefined) return () => server.close();
    if (attempt === 0) onWaiting();
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * @param {string} name
 * @returns {Promise<net.Server | undefined>} undefined where somebody else has it
 */
function listen(name) {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => resolve(server));
  });
}
