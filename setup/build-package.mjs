/**
 * `npm pack` runs this first: it makes `dist/`, the part of the npm package that is no source.
 *
 * - The sources, compiled to JavaScript, with declarations of their types. `npm test` checks the types.
 * - `@tensorflow/tfjs-node-gpu` and `node-api-headers`, without their install scripts. As dependencies, npm would run
 *   the first one's, which downloads a TensorFlow of 2022 from a host that is no registry.
 * - What set-up reads, and the digest of the workflows' sources.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { digestSources } from '../workers/processes/sources-digest.mjs';
import { NODE_MODULES, ROOT } from './places.mjs';
import { setUp } from './set-up.mjs';

const DIST = path.join(ROOT, 'dist');
const BUNDLED = path.join(DIST, 'node_modules');

/** What nobody needs of a bundled package: its tests. */
const TESTS = /(_test|\/run_tests)(\.d)?\.[jt]s$/;

/** Folders and commands of the sources that are only for the development of fire-pbt. */
const NOT_SHIPPED = new RegExp(
  '^workers/(bench|chaos|results)/|' +
    '^workers/commands/((bench|chaos|example-images|record-histories|results|write-.*)\\.ts|tool-help\\.mjs)$',
);

/** What of set-up works without a clone. */
const NOT_SHIPPED_OF_SETUP = /^setup\/(build-package|run|test.*)\.mjs$/;

await setUp();
rmSync(DIST, { recursive: true, force: true });
await compile();
declareTypes();
cpSync(path.join(ROOT, 'setup', 'requirements'), path.join(DIST, 'setup', 'requirements'), { recursive: true });
rmSync(path.join(DIST, 'setup', 'requirements', 'python-reference.txt'));
chmodSync(path.join(DIST, 'setup', 'cli.mjs'), 0o755);
writeFileSync(path.join(DIST, 'workflows', 'sources.sha256'), await digestSources(path.join(ROOT, 'workflows')));
bundle('@tensorflow/tfjs-node-gpu', ['dist', 'binding'], { main: 'dist/index.js', types: 'dist/index.d.ts' });
bundle('node-api-headers', ['include'], {});
// The first package asks this one for the path of its binding; require-tensorflow.mjs answers in its place.
mkdirSync(path.join(BUNDLED, '@mapbox', 'node-pre-gyp'), { recursive: true });
writeFileSync(path.join(BUNDLED, '@mapbox', 'node-pre-gyp', 'index.js'), '// require-tensorflow.mjs replaces this.\n');

/** Compiles the sources, each file for itself. Copies what is no TypeScript. */
async function compile() {
  const { default: typescript } = await import('typescript');
  const compilerOptions = {
    module: typescript.ModuleKind.ESNext,
    target: typescript.ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  for (const name of sources()) {
    const source = path.join(ROOT, name);
    const target = path.join(DIST, name.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    if (!name.endsWith('.ts')) cpSync(source, target);
    else {
      const text = readFileSync(source, 'utf8');
      writeFileSync(target, typescript.transpileModule(text, { compilerOptions, fileName: name }).outputText);
    }
  }
}

/** @returns {string[]} the sources to ship, relative to the clone */
function sources() {
  return ['activities', 'setup', 'workers', 'workflows']
    .flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        path.posix.join(folder, name),
      ),
    )
    .filter((name) => /\.(ts|mjs|json)$/.test(name) && !NOT_SHIPPED.test(name) && !NOT_SHIPPED_OF_SETUP.test(name));
}

/** Writes the declarations of what `fire-pbt` exports. tsc leaves the names of sources in them. */
function declareTypes() {
  const compiler = path.join(NODE_MODULES, 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '--project', 'tsconfig.package.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
  for (const name of readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.d.ts'))) {
    const file = path.join(DIST, name);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/(\bfrom |\bimport\()(["'])(\.[^"']*)\.ts\2/g, '$1$2$3.js$2'));
  }
}

/**
 * Copies parts of an installed package.
 * @param {string} name
 * @param {readonly string[]} folders
 * @param {Readonly<Record<string, string>>} entry further fields of its new package.json
 */
function bundle(name, folders, entry) {
  const from = path.join(NODE_MODULES, name);
  const to = path.join(BUNDLED, name);
  const { version, license } = /** @type {{ version: string, license: string }} */ (
    JSON.parse(readFileSync(path.join(from, 'package.json'), 'utf8'))
  );
  mkdirSync(to, { recursive: true });
  for (const folder of folders)
    cpSync(path.join(from, folder), path.join(to, folder), { recursive: true, filter: (file) => !TESTS.test(file) });
  for (const text of readdirSync(from).filter((one) => /^(README|LICENSE|NOTICE)/i.test(one)))
    cpSync(path.join(from, text), path.join(to, text));
  writeFileSync(path.join(to, 'package.json'), JSON.stringify({ name, version, license, ...entry }));
}
