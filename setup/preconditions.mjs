/**
 * Checks what the machine must have before set-up begins. One message names everything that is missing.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SetupFailure } from './failure.mjs';
import { findOnPath } from './processes.mjs';
import { findCompiler } from './steps/tensorflow.mjs';

/**
 * What a step needs on the machine.
 * @typedef {'npm' | 'c++' | 'pip'} Need
 */

const OLDEST_PYTHON = [3, 10];

/** The oldest C library on which the builds of TensorFlow and Temporal run. */
const OLDEST_GLIBC = [2, 28];

/**
 * Checks that all parts run on this version of Node.js.
 * @param {string} [version] e.g. "20.19.4"
 * @throws {SetupFailure} naming the version to install
 */
export function requireNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 13) || major >= 24) return;
  throw new SetupFailure(
    `Expected Node.js to be version 20 (from 20.19), 22 (from 22.13), or 24 or later, got ${version}`,
    { advice: 'install version 24' },
  );
}

/**
 * Checks that temporary files can be written: tools need them before they can say anything themselves.
 * @param {string} [folder]
 * @throws {SetupFailure} naming the folder
 */
export function requireTemporaryFolder(folder = tmpdir()) {
  try {
    const probe = mkdtempSync(path.join(folder, 'fire-pbt-probe-'));
    try {
      writeFileSync(path.join(probe, 'file'), 'x');
    } finally {
      rmSync(probe, { recursive: true, force: true });
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetupFailure(`Cannot write temporary files in ${folder}, which TMPDIR names: ${reason}`, {
      advice: 'make room there, or set TMPDIR to a folder that can be written',
    });
  }
}

/**
 * Checks the system, and that it has what the steps need.
 * @param {ReadonlySet<Need>} needs
 * @throws {SetupFailure} naming everything that is missing
 */
export function requireSystem(needs) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupFailure(`Expected the system to be Linux on x64, got ${process.platform} on ${process.arch}`, {
      advice:
        'macOS, Windows (except WSL 2) and ARM are not supported: the pinned TensorFlow, Temporal and rclone are ' +
        'builds for Linux on x64',
    });
  }
  requireGlibc();
  const missing = [
    ...(needs.has('npm') && findOnPath('npm') === undefined && process.env['npm_execpath'] === undefined
      ? ['npm (it comes with Node.js)']
      : []),
    ...(needs.has('c++') && findCompiler() === undefined ? ['a C++ compiler (Debian, Ubuntu: apt install g++)'] : []),
    ...(needs.has('pip') ? missingOfPython() : []),
  ];
  if (missing.length > 0)
    throw new SetupFailure(`Cannot set up: this machine lacks ${missing.join(', and ')}`, {
      advice: 'install it and start again',
    });
}

/** Checks the C library. Without this check, another library (Alpine) or an old one only shows as a crash. */
function requireGlibc() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    /** @type {unknown} */ (withoutNetwork(() => process.report.getReport()))
  );
  const version = report.header.glibcVersionRuntime;
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_GLIBC;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupFailure(
    `Expected the system's C library to be glibc ${OLDEST_GLIBC.join('.')} or later, got ` +
      `${version ?? 'another one (musl?)'}`,
    {
      advice: 'use a distribution of 2019 or later with glibc: Debian 10, Ubuntu 20.04, RHEL 8, or newer',
    },
  );
}

/**
 * Makes a diagnostic report without resolving the names of network interfaces, which can take seconds.
 * @template T
 * @param {() => T} makeReport
 * @returns {T}
 */
function withoutNetwork(makeReport) {
  const settings = /** @type {{ excludeNetwork?: boolean }} */ (/** @type {unknown} */ (process.report));
  const before = settings.excludeNetwork;
  settings.excludeNetwork = true;
  try {
    return makeReport();
  } finally {
    if (before !== undefined) settings.excludeNetwork = before;
  }
}

/** @returns {string[]} descriptions of the missing parts of Python; empty if nothing is missing */
function missingOfPython() {
  if (findOnPath('python3') === undefined)
    return ['Python 3.10 or later with pip (Debian, Ubuntu: apt install python3-pip)'];
  const version = runPython('import sys; print("%d.%d" % sys.version_info[:2])');
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_PYTHON;
  if (major !== oldestMajor || minor < oldestMinor)
    return [`Python ${OLDEST_PYTHON.join('.')} or later (python3 is ${version ?? 'broken'})`];
  return runPython('import pip; print(pip.__version__)') === undefined
    ? ['pip (Debian, Ubuntu: apt install python3-pip)']
    : [];
}

/**
 * @param {string} program one line of Python
 * @returns {string | undefined} its output; undefined if it fails
 */
function runPython(program) {
  try {
    return execFileSync('python3', ['-c', program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
