/**
 * Installs SciPy, scikit-learn and safetensors for Python, and what the Python trainer needs. Only the tests use them.
 *
 * `pip install --target` installs them into a separate folder. It needs no virtual environment, which Debian's Python
 * lacks, and it also works if the system's Python is "externally managed". `.local/python/bin/python` runs Python with
 * these packages.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { LOCAL, ROOT, displayPath } from '../places.mjs';
import { download } from '../wheels.mjs';

const PLACE = path.join(LOCAL, 'python');
const RECORD = path.join(PLACE, 'installed.json');
const REQUIREMENTS = path.join(ROOT, 'setup', 'requirements', 'python-reference.txt');
const DOWNLOAD_BYTES = 98e6;

/** @type {import('../set-up.mjs').Step} */
export const pythonReference = {
  name: 'python-reference',
  title: 'Python packages for the tests',
  downloadBytes: DOWNLOAD_BYTES,
  diskBytes: 450e6,
  needs: ['pip'],

  isInPlace() {
    if (!existsSync(RECORD)) return false;
    const { requirements, python } = /** @type {{ requirements: string, python: string }} */ (
      JSON.parse(readFileSync(RECORD, 'utf8'))
    );
    return requirements === digest() && existsSync(python);
  },

  async install(task) {
    const built = path.join(task.staging, 'python');
    mkdirSync(path.join(built, 'bin'), { recursive: true });
    // Resolves `python3`, because version managers put a script with this name on the PATH that may later run another
    // Python.
    const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
    const wheels = await download(task, path.basename(REQUIREMENTS), DOWNLOAD_BYTES);
    await task.run(
      python,
      [
        ...[
          '-m',
          'pip',
          'install',
          '--disable-pip-version-check',
          '--no-input',
          '--progress-bar',
          'off',
          '--no-deps',
          '--no-index',
          '--no-compile',
        ],
        ...['--no-warn-script-location', '--target', path.join(built, 'packages'), ...wheels],
      ],
      {
        purpose: 'install the Python packages for the tests',
        env: { ...process.env, TMPDIR: task.staging },
        onTick: () => task.progress(`unpacking ${String(wheels.length)} packages`),
      },
    );
    writeFileSync(
      path.join(built, 'bin', 'python'),
      [
        '#!/bin/sh',
        '# Runs Python with the packages beside it.',
        `PYTHONPATH="$(dirname "$(readlink -f "$0")")/../packages" exec '${python.replaceAll("'", `'\\''`)}' "$@"`,
        '',
      ].join('\n'),
    );
    chmodSync(path.join(built, 'bin', 'python'), 0o755);
    symlinkSync('python', path.join(built, 'bin', 'python3'));
    await task.run(
      path.join(built, 'bin', 'python'),
      ['-c', 'import boto3, numpy, scipy.stats, sklearn.gaussian_process, safetensors.numpy, temporalio.worker'],
      {
        purpose: 'import the Python packages for the tests',
        onTick: () => task.progress('checking'),
      },
    );
    writeFileSync(path.join(built, 'installed.json'), JSON.stringify({ requirements: digest(), python }));
    if (existsSync(PLACE)) renameSync(PLACE, path.join(task.staging, 'former'));
    rmSync(PLACE, { recursive: true, force: true });
    renameSync(built, PLACE);
    return `in ${displayPath(PLACE)}`;
  },
};

/** Returns a digest of the current requirements. */
function digest() {
  return createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
}
