/**
 * Bundles the workflows into one JavaScript file. The file is cached under the digest of its sources, so that workers
 * start fast.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { IS_CLONE, moduleFile, PACKAGE, ROOT } from './places.mjs';
import { digestSources } from './sources-digest.mjs';

const WORKFLOWS = join(ROOT, 'workflows');
/** The package has the digest of the sources in this file, because it has only what they were compiled to. */
const SOURCES_DIGEST = join(WORKFLOWS, 'sources.sha256');
/**
 * The only module that uses zod. All workflows of a worker share one evaluation of it: a separate copy would take 0.6
 * MB of memory in each workflow. It must have no state; the SDK freezes it.
 */
const SHARED = 'run/operator-messages';
/** The interceptor that passes commands out of the workflow sandbox. */
const COMMAND_CAPTURE = moduleFile('workers/replay/command-capture.ts');

const EXTENSION = IS_CLONE ? '.ts' : '.js';

interface BundleFile {
  readonly codePath: string;
}

/** Returns the bundle that orchestrators run. Makes it if the cache does not have it. */
export async function workflowBundle(cacheDirectory: string): Promise<BundleFile> {
  const digest = await digestWorkflows();
  return cached(join(cacheDirectory, `workflows-${digest}.js`), () => bundle(WORKFLOWS, []));
}

/** Returns the bundle that `Replayer` runs, with the interceptor. Makes it if the cache does not have it. */
export async function replayBundle(cacheDirectory: string): Promise<BundleFile> {
  const digest = await digestWorkflows([COMMAND_CAPTURE]);
  return cached(join(cacheDirectory, `replayed-workflows-${digest}.js`), () => bundleForReplay());
}

/**
 * Identifies the decision code at hand: the version of the package and the digest of its workflows. A clone and the
 * package that is made of it have the same.
 */
export async function decisionCode(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as { readonly version: string };
  return `${version}+${await digestWorkflows()}`;
}

/** Bundles the workflows of a folder for `Replayer`. */
export async function bundleForReplay(workflows = WORKFLOWS): Promise<string> {
  return bundle(workflows, [COMMAND_CAPTURE]);
}

async function bundle(workflows: string, workflowInterceptorModules: string[]): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(workflows, `index${EXTENSION}`),
    workflowInterceptorModules,
    preloadModules: [join(workflows, `${SHARED}${EXTENSION}`)],
    logger: new DefaultLogger('WARN'),
  });
  return code;
}

/** Several processes may make the same file at once, so each writes a temporary file and renames it into place. */
async function cached(codePath: string, make: () => Promise<string>): Promise<BundleFile> {
  if (existsSync(codePath)) return { codePath };
  const code = await make();
  await mkdir(join(codePath, '..'), { recursive: true });
  const staged = `${codePath}.${process.pid}`;
  await writeFile(staged, code);
  await rename(staged, codePath);
  return { codePath };
}

/**
 * Returns a digest of the bundle's sources: the workflows, the contents of `others`, and the versions of the bundled
 * packages and the bundler. Equal sources have the same digest on any machine.
 */
async function digestWorkflows(others: readonly string[] = []): Promise<string> {
  const hash = createHash('sha256').update(
    IS_CLONE ? await digestSources(WORKFLOWS) : await readFile(SOURCES_DIGEST, 'utf8'),
  );
  for (const file of others) hash.update(await readFile(file)).update('\0');
  const require = createRequire(import.meta.url);
  for (const name of ['@temporalio/workflow', '@temporalio/common', '@temporalio/worker', 'zod']) {
    const { version } = require(`${name}/package.json`) as { version: string };
    hash.update(`${name}@${version}\0`);
  }
  return hash.digest('hex').slice(0, 16);
}
