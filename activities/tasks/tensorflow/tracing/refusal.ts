/**
 * Why code cannot be compiled, said once and with the author's own line.
 */
import { dirname } from 'node:path';

/** A function cannot be compiled; the message says what was found, where, and what to do instead. */
export class TraceRefused extends Error {
  /** `found` and `instead` are sentences without their full stop; `site` is where it was found. */
  constructor(found: string, site: Error | undefined, instead: string) {
    const line = site && authorLine(site);
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

/** Frames of TensorFlow.js (source maps name its sources), of Node, and of these folders are not the author's. */
const FOREIGN_FRAME = /node_modules|\/tfjs-[\w-]+\/src\/|\bnode:/;
const OWN_FOLDER = dirname(import.meta.dirname);

/** Returns `file:line:column` of the innermost frame that belongs to neither TensorFlow.js nor this folder. */
function authorLine(site: Error): string | undefined {
  for (const frame of (site.stack ?? '').split('\n').slice(1)) {
    if (FOREIGN_FRAME.test(frame) || frame.includes(OWN_FOLDER)) continue;
    const place = /\(?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/.exec(frame.trim())?.[1];
    if (place !== undefined) return place.replace('file://', '');
  }
  return undefined;
}
