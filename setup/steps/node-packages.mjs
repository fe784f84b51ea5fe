/**
 * Installs the npm packages of the lockfile.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { NODE_MODULES, ROOT } from '../places.mjs';

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[]
 *   }} LockedPackage
 */

/** @type {import('../set-up.mjs').Step} */
export const nodePackages = {
  name: 'node-packages',
  title: 'npm packages',
  downloadBytes: 316e6,
  diskBytes: 910e6,
  needs: ['npm'],

  isInPlace() {
    return missingPackages(ROOT).length === 0;
  },

  async install(task) {
    const expected = Object.entries(packagesOf(path.join(ROOT, 'package-lock.json'))).filter(
      ([where, locked]) => isTopLevel(where) && isForHere(locked),
    ).length;
    const npm = npmCommand();
    // Install scripts are disabled, because one of them downloads a TensorFlow of 2022. Set-up installs a newer one.
    await task.run(npm.command, [...npm.args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress'], {
      purpose: 'install the npm packages',
      cwd: ROOT,
      env: { ...process.env, npm_config_update_notifier: 'false' },
      onTick: () => {
        const begun = installedFolders();
        task.progress(begun < expected ? `${String(begun)} of ${String(expected)}` : `unpacking ${String(expected)}`);
      },
    });
    const missing = missingPackages(ROOT);
    if (missing.length > 0) throw new Error(`npm succeeded, but ${missing.slice(0, 3).join(', ')} are missing`);
    return `${String(expected)} in node_modules`;
  },
};

/**
 * Compares the installed packages with the lockfile. Reads npm's record of installed packages, which npm writes last.
 * @param {string} root the folder with package-lock.json and node_modules
 * @returns {string[]} paths of packages that are missing or have another version, except missing optional packages,
 *   which are for other systems
 */
export function missingPackages(root) {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  const wanted = packagesOf(path.join(root, 'package-lock.json'));
  const installed = existsSync(record) ? packagesOf(record) : {};
  return Object.entries(wanted)
    .filter(([where, { version, integrity, optional }]) => {
      const found = installed[where];
      if (found === undefined) return optional !== true;
      return (
        found.version !== version ||
        (integrity !== undefined && found.integrity !== undefined && found.integrity !== integrity)
      );
    })
    .map(([where]) => where);
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage>} by path; empty if the file cannot be read, as after an interrupted
 *   installation
 */
function packagesOf(file) {
  try {
    const { packages } = /** @type {{ packages: Record<string, LockedPackage> }} */ (
      JSON.parse(readFileSync(file, 'utf8'))
    );
    return Object.fromEntries(Object.entries(packages).filter(([where]) => where !== ''));
  } catch {
    return {};
  }
}

/** @param {string} where a package's path in the lockfile */
function isTopLevel(where) {
  return where.lastIndexOf('node_modules/') === 0;
}

/** @param {LockedPackage} locked */
function isForHere({ os, cpu, libc }) {
  return (os?.includes('linux') ?? true) && (cpu?.includes('x64') ?? true) && (libc?.includes('glibc') ?? true);
}

/** Returns the npm that runs this process, else the one on the PATH. */
function npmCommand() {
  const running = process.env['npm_execpath'];
  return running !== undefined && path.basename(running) === 'npm-cli.js' && existsSync(running)
    ? { command: process.execPath, args: [running] }
    : { command: 'npm', args: [] };
}

/** Counts the packages at the top of node_modules, because npm reports no progress. */
function installedFolders() {
  if (!existsSync(NODE_MODULES)) return 0;
  return readdirSync(NODE_MODULES)
    .filter((name) => !name.startsWith('.'))
    .reduce((total, name) => total + (name.startsWith('@') ? readdirSync(path.join(NODE_MODULES, name)).length : 1), 0);
}
