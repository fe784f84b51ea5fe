/**
 * Why code cannot be compiled, said once and with the author's own line.
 */
import { dirname } from 'node:path';
import { authorLine } from '../../author-line.ts';

/** The author's line is outside. */
const OWN_FOLDERS = [`${dirname(import.meta.dirname)}/`];

/** A function cannot be compiled; the message says what was found, where, and what to do instead. */
export class TraceRefused extends Error {
  /** `found` and `instead` are sentences without their full stop; `site` is where it was found. */
  constructor(found: string, site: Error | undefined, instead: string) {
    const line = authorLine(site, OWN_FOLDERS);
    super(`Cannot compile the function: ${found}${line === undefined ? '' : ` (${line})`}. ${instead}`);
    this.name = 'TraceRefused';
  }

  /** Returns the same refusal, naming the function. */
  in(name: string): TraceRefused {
    this.message = this.message.replace('Cannot compile the function:', `Cannot compile \`${name}\`:`);
    return this;
  }
}

/** Frames that a site holds: an author's line may be below many of TensorFlow.js's. */
export const SITE_FRAMES = 100;
