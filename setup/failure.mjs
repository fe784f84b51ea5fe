/**
 * What set-up says when it cannot go on.
 */

import { statfsSync } from 'node:fs';
import { megabytes } from './report.mjs';

/** Something the user has to know or do: printed as it is, without a stack trace, and set-up exits with 1. */
export class SetupFailure extends Error {
  /**
   * @param {string} message one sentence: what could not be done and why
   * @param {{ advice?: string | undefined, log?: string, cause?: unknown }} [more] what to do about it; the log to read
   */
  constructor(message, { advice, log, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SetupFailure';
    this.advice = advice;
    this.log = log;
  }
}

/** Reasons of the operating system, in words a reader can act on. */
const SYSTEM_REASONS = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
]);

/**
 * Tells whether an error is the operating system's refusal of a file operation, and says it plainly.
 * @param {unknown} error
 * @returns {string | undefined} e.g. "the disk is full (/home/me/fire-pbt/.local/staging)"; undefined where the error
 *   is of another kind
 */
export function systemReason(error) {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const reason = SYSTEM_REASONS.get(error.code);
  if (reason === undefined) return undefined;
  return 'path' in error && typeof error.path === 'string' ? `${reason} (${error.path})` : reason;
}

/**
 * Refuses to begin what the disk has no room for.
 * @param {string} folder an existing folder on the disk concerned
 * @param {number} neededBytes
 * @param {string} purpose named in the message
 * @throws {SetupFailure} where less is free
 */
export function requireRoom(folder, neededBytes, purpose) {
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes < neededBytes) {
    throw new SetupFailure(
      `Cannot set up ${purpose}: it takes ${megabytes(neededBytes)} in ${folder}, where ` +
        `${megabytes(freeBytes)} are free`,
      {
        advice: 'make room and start again: what is already there is kept',
      },
    );
  }
}

/**
 * With less than this free, whatever failed has probably failed for want of room: programs say so in many ways, or not
 * at all.
 */
const SCARCE_BYTES = 64e6;

/**
 * Says that the disk is full, if it is.
 * @param {string} folder on the disk concerned
 * @returns {string | undefined} undefined where there is room
 */
export function scarcity(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < SCARCE_BYTES
    ? `the disk is full or nearly so: ${megabytes(bavail * bsize)} are free in ${folder}; make room and start again`
    : undefined;
}
