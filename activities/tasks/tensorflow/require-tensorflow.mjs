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
 * @param {string} binding file of the native binding, absolute
 * @returns {unknown} the module
 */
export function requireTensorFlow(binding) {
  const util = /** @type {Record<string, unknown>} */ (require('node:util'));
  for (const [name, isTrue] of Object.entries(REMOVED)) util[name] ??= isTrue;
  const tensorflow = require.resolve('@tensorflow/tfjs-node-gpu');
  // The package asks this one for the path of its binding, and it knows only a path inside the package.
  const finder = createRequire(tensorflow).resolve('@mapbox/node-pre-gyp');
  const answer = { id: finder, filename: finder, loaded: true, children: [], exports: { find: () => binding } };
  require.cache[finder] = /** @type {NodeJS.Module} */ (/** @type {unknown} */ (answer));
  return require(tensorflow);
}
