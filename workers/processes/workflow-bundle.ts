/**
 * The workflows as one file of JavaScript: bundled once, then found by the hash of what went into it, so that a worker
 * starts at once.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const WORKFLOWS = fileURLToPath(new URL('../../workflows', import.meta.url));

/**
 * Returns where the bundle lies, making it where it is missing. Several processes may do so at once: each writes a file
 * of its own and renames it into place.
 */
export async function workflowBundle(cacheDirectory: string): Promise<{ readonly codePath: string }> {
  const codePath = join(cacheDirectory, `workflows-${await fingerprint()}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(WORKFLOWS, 'index.ts'),
    logger: new DefaultLogger('WARN'),
  });
  await mkdir(cacheDirectory, { recursive: true });
  const staged = `${codePath}.${process.pid}`;
  await writeFile(staged, code);
  await rename(staged, codePath);
  return { codePath };
}

/**
 * Hash of all that the bundle is made from: the workflows' files, and the packages that go in or make it, by version.
 */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(WORKFLOWS, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort())
    hash
      .update(`${file.slice(WORKFLOWS.length)}\0`)
      .update(await readFile(file))
      .update('\0');
  const require = createRequire(import.meta.url);
  for (const name of ['@temporalio/workflow', '@temporalio/common', '@temporalio/worker']) {
    const { version } = require(`${name}/package.json`) as { version: string };
    hash.update(`${name}@${version}\0`);
  }
  return hash.digest('hex').slice(0, 16);
}
