/**
 * The folders of this program, and how a person calls it. It is either a clone, which runs the TypeScript sources with
 * tsx, or the npm package, which has compiled JavaScript in `dist/`.
 */

import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder of the code, absolute: the root of the clone, or `dist/` of the package. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

/** Tells whether this is a clone. */
export const IS_CLONE = existsSync(path.join(ROOT, 'workers', 'trainer.ts'));

/** The folder with package.json, experiments and docs, absolute. */
export const PACKAGE = IS_CLONE ? ROOT : path.dirname(ROOT);

/**
 * Everything that set-up installs, and the data of the local stack, absolute. A clone has it inside (ignored by git).
 * The package has it in the folder that FIRE_PBT_HOME names, by default in the working folder.
 */
export const LOCAL = IS_CLONE ? path.join(ROOT, '.local') : path.resolve(process.env['FIRE_PBT_HOME'] || '.fire-pbt');

/** The binding of TensorFlow.js: set-up links it to the one that it made for its library. */
export const BINDING = path.join(LOCAL, 'tfjs_binding.node');

/** The data sets that set-up installs. */
export const DATA = path.join(LOCAL, 'data');

/** What a thread that steps environments runs. */
export const ENVIRONMENT_THREAD = path.join(ROOT, 'workers', 'computing', 'environment-thread.mjs');

/**
 * Formats a path for a reader.
 * @param {string} file absolute
 * @returns {string} relative to the working folder if it is inside, else unchanged
 */
export function displayPath(file) {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}

/**
 * Returns the command line with which a person runs a command.
 * @param {string} command e.g. "stack"
 * @param {string} [options] e.g. "--tasks ring.ts"
 * @returns {string} "npm run stack -- --tasks ring.ts" or "npx fire-pbt stack --tasks ring.ts"
 */
export function commandLine(command, options = '') {
  if (!IS_CLONE) return ['npx fire-pbt', command, ...(options === '' ? [] : [options])].join(' ');
  return [`npm ${command === 'start' ? '' : 'run '}${command}`, ...(options === '' ? [] : ['--', options])].join(' ');
}

/**
 * Returns the file of a module.
 * @param {string} source its source, relative to ROOT, e.g. "workers/trainer.ts"
 * @returns {string} absolute: the source itself in a clone, the compiled one in the package
 */
export function moduleFile(source) {
  return path.join(ROOT, IS_CLONE ? source : source.replace(/\.ts$/, '.js'));
}

/**
 * Returns the arguments with which Node runs a module in a process of its own, whatever that process's folder is.
 * @param {string} source relative to ROOT, e.g. "workers/trainer.ts"
 * @returns {string[]}
 */
export function nodeArguments(source) {
  return [...loaderArguments(), moduleFile(source)];
}

/**
 * Returns the arguments with which Node reads the modules of this program, whatever its working folder is.
 * @returns {string[]} with tsx in a clone; none in the package
 */
export function loaderArguments() {
  return IS_CLONE ? ['--import', import.meta.resolve('tsx')] : [];
}
