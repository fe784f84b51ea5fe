/**
 * A lock that cannot go stale: a listening socket. The kernel closes it when its owner ends, even after `kill -9`.
 *
 * Plain JavaScript without packages, because set-up imports it before any package is installed.
 */

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Takes the lock of a purpose on a folder.
 * @param {string} purpose such as `setup`
 * @param {string} folder absolute
 * @returns {Promise<import('node:net').Server | undefined>} closing it releases the lock; undefined if somebody else
 *   holds the lock
 */
export async function takeLock(purpose, folder) {
  const address = socketAddress(purpose, folder);
  // Linux has sockets without a file. On other systems the file of a dead owner stays behind.
  if (process.platform !== 'linux' && !(await isLocked(purpose, folder))) rmSync(address, { force: true });
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}

/**
 * Tells whether some process holds the lock.
 * @param {string} purpose
 * @param {string} folder
 * @returns {Promise<boolean>}
 */
export async function isLocked(purpose, folder) {
  return new Promise((resolve) => {
    const socket = connect(socketAddress(purpose, folder));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * @param {string} purpose
 * @param {string} folder
 */
function socketAddress(purpose, folder) {
  const name = `fire-pbt-${purpose}-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
  return process.platform === 'linux' ? `\0${name}` : path.join(tmpdir(), `${name}.sock`);
}
