/**
 * How Node finds modules for files outside the checkout: the files of a user's tasks and data.
 *
 * - `fire-pbt` is the program that runs, although nothing is installed beside the file.
 * - Packages that the file's own folders lack are those of this program.
 * - Files are ES modules, also if no package.json says so. tsx reads TypeScript.
 */

import * as nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { register as registerTsx } from 'tsx/esm/api';
import { IS_CLONE, moduleFile, ROOT } from '../processes/places.mjs';

const OWN_FOLDER = `${pathToFileURL(ROOT).href}/`;
/** @type {Promise<void> | undefined} */
let registration;

/** What `import … from 'fire-pbt'` gets. */
const INDEX = pathToFileURL(moduleFile('activities/tasks/index.ts')).href;

/**
 * @typedef {{ url: string, format?: string | null | undefined, shortCircuit?: boolean }} Resolved
 * @typedef {{ parentURL?: string | undefined }} Context
 */

/**
 * Resolves a specifier. Node calls this in its loader's thread, or (`registerHooks`) in the thread that imports: then
 * nothing is a promise.
 * @param {string} specifier
 * @param {Context} context
 * @param {(specifier: string, context: Context) => Resolved | Promise<Resolved>} next
 * @returns {Resolved | Promise<Resolved>}
 */
export function resolve(specifier, context, next) {
  const { parentURL } = context;
  if (specifier === 'fire-pbt') return next(INDEX, context);
  if (parentURL === undefined || !isOutside(parentURL)) return after(next(specifier, context), asModule);
  if (/^[./#]|^[a-z]+:/.test(specifier)) return after(next(specifier, context), asModule);
  return firstFound(
    () => next(specifier, context),
    () => next(specifier, { ...context, parentURL: INDEX }),
  );
}

/**
 * Returns what is found in the one way, else in the other; if neither finds it, the first error counts.
 * @param {() => Resolved | Promise<Resolved>} one
 * @param {() => Resolved | Promise<Resolved>} other
 * @returns {Resolved | Promise<Resolved>}
 */
function firstFound(one, other) {
  return attempt(one, (error) => {
    if (!isMissing(error)) throw error;
    return attempt(other, () => {
      throw error;
    });
  });
}

/**
 * @param {() => Resolved | Promise<Resolved>} run
 * @param {(error: unknown) => Resolved | Promise<Resolved>} recover
 * @returns {Resolved | Promise<Resolved>}
 */
function attempt(run, recover) {
  try {
    const result = run();
    return result instanceof Promise ? result.catch(recover) : result;
  } catch (error) {
    return recover(error);
  }
}

/** Makes this thread resolve so from now on, and read TypeScript. Safe to call twice. */
export async function resolveOwnModules() {
  await (registration ??= register());
}

async function register() {
  if (!isMainThread) registerTsx();
  // In a clone, Node was started with it. The cast to string hides it from tsc, because tsx declares no types for it.
  else if (!IS_CLONE) await import(/** @type {string} */ ('tsx'));
  // Node has it from 22.15 on, and tsx uses it. Hooks registered in the older way would come after those of tsx.
  const { registerHooks } = /** @type {{ registerHooks?: (hooks: { resolve: typeof resolve }) => void }} */ (
    nodeModule
  );
  if (registerHooks) registerHooks({ resolve });
  else nodeModule.register(import.meta.url);
}

/**
 * @param {string} url
 * @returns {boolean}
 */
function isOutside(url) {
  return url.startsWith('file:') && !url.startsWith(OWN_FOLDER) && !url.includes('/node_modules/');
}

/**
 * @param {Resolved} resolved
 * @returns {Resolved}
 */
function asModule(resolved) {
  // tsx adds a note to the name of a file that it takes for CommonJS.
  const url = resolved.url.replace(/(\?|%3F)tsx-.*$/, '');
  if (!isOutside(url) || !/\.[jt]sx?$/.test(url)) return resolved;
  return { ...resolved, url, format: 'module', shortCircuit: true };
}

/**
 * @template A, B
 * @param {A | Promise<A>} value
 * @param {(value: A) => B} use
 * @returns {B | Promise<B>}
 */
function after(value, use) {
  return value instanceof Promise ? value.then(use) : use(value);
}

/**
 * @param {unknown} error
 * @returns {boolean}
 */
function isMissing(error) {
  return (
    error instanceof Error && 'code' in error && /^(ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND)$/.test(String(error.code))
  );
}
