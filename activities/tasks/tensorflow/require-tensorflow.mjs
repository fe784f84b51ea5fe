/**
 * Loads TensorFlow.js with its native binding. Plain JavaScript, because set-up checks its work with it.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Functions of Node's module `util` that TensorFlow.js 4.22 calls and that Node 23 removed (tensorflow/tfjs#8609).
 * @type {Readonly<Record<string, (value: unknown) => boolean>>}
 */
const REMOVED = {
  isArray: (value) => Array.isArray(value),
  isNullOrUndefined: (value) => value === null || value === undefined,
};

/**
 * Returns TensorFlow.js. Defines what the package misses in this version of Node before the package loads.
 * @returns {unknown} the module
 */
export function requireTensorFlow() {
  const util = /** @type {Record<string, unknown>} */ (require('node:util'));
  for (const [name, isTrue] of Object.entries(REMOVED)) util[name] ??= isTrue;
  return require('@tensorflow/tfjs-node-gpu');
}
