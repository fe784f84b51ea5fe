/**
 * The failures of set-up, and messages for failures of the operating system.
 */

import { statfsSync } from 'node:fs';
import { formatSize } from './report.mjs';

/** A failure that the user can act on. Set-up prints it without a stack trace and exits with 1. */
export class SetupFailure extends Error {
  /**
   * @param {string} message one sentence: what failed and why
   * @param {{ advice?: string | undefined, log?: string, cause?: unknown }} [more] what the user can do; the log to
   *   read
   */
  constructor(message, { advice, log, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SetupFailure';
    this.advice = advice;
    this.log = log;
  }
}

/** Error codes of the operating system, in words that the user understands. */
const SYSTEM_REASONS = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
]);

/**
 * Describes the operating system's refusal of a file operation.
 * @param {unknown} error
 * @returns {string | undefined} e.g. "the disk is full (/home/me/fire-pbt/.local/staging)"; undefined for other errors
 */
export function systemReason(error) {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const reason = SYSTEM_REASONS.get(error.code);
  if (reason === undefined) return undefined;
  return 'path' in error && typeof error.path === 'string' ? `${reason} (${error.path})` : reason;
}

/**
 * Checks that the disk has enough space.
 * @param {string} folder an existing folder on the disk
 * @param {number} neededBytes
 * @param {string} purpose completes "Cannot set up …"
 * @throws {SetupFailure} if less space is free
 */
export function requireRoom(folder, neededBytes, purpose) {
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes < neededBytes) {
    throw new SetupFailure(
      `Cannot set up ${purpose}: it needs ${formatSize(neededBytes)} in ${folder}, but only ` +
        `${formatSize(freeBytes)} are free`,
      { advice: 'free some space and start again; finished steps are not repeated' },
    );
  }
}

/**
 * If less than this is free, a failure is probably due to the full disk. Programs report this in many ways, or not at
 * all.
 */
const FULL_DISK_BYTES = 64e6;

/**
 * Describes a full or almost full disk.
 * @param {string} folder on the disk
 * @returns {string | undefined} undefined if the disk has space
 */
export function describeFullDisk(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < FULL_DISK_BYTES
    ? `the disk is almost full: ${formatSize(bavail * bsize)} are free in ${folder}; free some space and start again`
    : undefined;
}
