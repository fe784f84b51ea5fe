/**
 * Errors of the operating system: a full disk, too many open files, too little memory, a device that fails. They
 * concern the machine and not the run, so they pass, there or on another machine.
 */

/** An error of a system call, as Node throws it. */
export interface SystemError extends Error {
  /** Such as ENOSPC. */
  readonly code: string;
}

/** What concerns a file itself: it stays as it is until somebody changes the file. */
const OF_FILES: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'ELOOP']);

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'Make room on that disk',
  EDQUOT: 'Make room within the quota of that disk',
  EMFILE: 'Raise the limit on open files (ulimit -n)',
  ENFILE: 'Raise the limit on open files of the machine',
  ENOMEM: 'Give the machine more memory, or start fewer trainers on it',
};

/** Returns whether an error is one of the operating system. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code);
}

/** Temporary files cannot be written. Whatever the reason, it concerns the machine. */
export class TemporaryFilesError extends Error {
  readonly code: string;

  constructor(folder: string, cause: SystemError) {
    super(`Cannot write temporary files in ${folder}, which TMPDIR names: ${cause.message}`, { cause });
    this.name = 'TemporaryFilesError';
    this.code = cause.code;
  }
}

/** Returns whether an error is one of the operating system that concerns the machine, and not a file. */
export function isOfMachine(error: unknown): error is SystemError {
  return error instanceof TemporaryFilesError || (isSystemError(error) && !OF_FILES.has(error.code));
}

/** Returns the message of the error, and what to do if that is known. */
export function describeSystemError({ code, message }: SystemError): string {
  const advice = ADVICE[code];
  return advice === undefined ? message : `${message}. ${advice}`;
}
