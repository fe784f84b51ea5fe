/**
 * Where an error was thrown in the code of a task's author.
 */
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
/** Folders of the checkout whose code is not a user's. */
const ROOMS = ['activities', 'workers', 'workflows', 'setup', 'test'].map((room) => `${CHECKOUT}${room}/`);

/** `at run (file:///home/me/task.ts:12:34)`, `at async file:///home/me/task.ts:12:34`, `at /home/me/task.ts:12:34`. */
const FRAME = /^\s*at (?:[^(]*\(|async )?(?:file:\/\/)?(\/.*?:\d+:\d+)\)?$/;
/** What tells a changed data module from the one before. */
const QUERY = /\?\d+-[\d.]+(?=:\d+:\d+$)/;
/** Frames of packages. Source maps name TensorFlow.js's sources. */
const PACKAGE = /\/node_modules\/|\/tfjs-[\w-]+\/src\//;

/**
 * Returns `file:line:column` of the innermost call in a file that belongs neither to Node, nor to a package, nor to the
 * folders; undefined if there is none. Default: all folders of this project that have code.
 */
export function authorLine(error: unknown, folders: readonly string[] = ROOMS): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return (error.stack ?? '')
    .split('\n')
    .map((line) => FRAME.exec(line)?.[1]?.replace(QUERY, ''))
    .find(
      (place) => place !== undefined && !PACKAGE.test(place) && !folders.some((folder) => place.startsWith(folder)),
    );
}

/** Returns an error's message with its author's line, if it has one that the message does not name yet. */
export function messageWithLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = authorLine(error);
  return line === undefined || message.includes(line) ? message : `${message} (${line})`;
}
