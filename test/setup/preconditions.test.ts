/** Set-up checks the machine before it downloads anything. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { requireNode, requireTemporaryFolder } from '../../setup/preconditions.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');

describe('Node.js', () => {
  for (const version of ['20.19.0', '20.20.2', '22.13.0', '22.20.0', '24.0.0', '26.10.0']) {
    test(`is accepted at ${version}`, () => requireNode(version));
  }

  for (const version of ['18.20.4', '20.18.3', '21.7.3', '22.12.0', '23.1.0']) {
    test(`is refused at ${version}`, () => {
      assert.throws(() => requireNode(version), {
        name: 'SetupFailure',
        message: `Expected Node.js to be version 20 (from 20.19), 22 (from 22.13), or 24 or later, got ${version}`,
        advice: 'install version 24',
      });
    });
  }
});

test('a folder in which no temporary file can be written is refused before anything else', async () => {
  const file = path.join(import.meta.dirname, 'preconditions.test.ts');
  assert.throws(() => requireTemporaryFolder(file), {
    name: 'SetupFailure',
    message: new RegExp(`^Cannot write temporary files in ${file}, which TMPDIR names: ENOTDIR[^\n]+$`),
    advice: 'make room there, or set TMPDIR to a folder that can be written',
  });
  const child = spawn(process.execPath, ['setup/run.mjs', 'workers/commands/stack.ts'], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: file },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
  assert.deepEqual(await once(child, 'close'), [1, null]);
  assert.match(said.join(''), /Cannot write temporary files in [^\n]+ENOTDIR/);
  assert.doesNotMatch(said.join(''), /^ +at /m, 'no stack trace');
});

describe('a download', () => {
  for (const file of readdirSync(path.join(ROOT, 'setup/requirements'))) {
    test(`is pinned to a version and a digest in ${file}`, () => {
      const text = readFileSync(path.join(ROOT, 'setup/requirements', file), 'utf8');
      const requirements = text
        .replace(/ \\\n/g, ' ')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
      assert.notEqual(requirements.length, 0);
      for (const requirement of requirements)
        assert.match(
          requirement,
          /^[\w-]+==[\d.]+(?:post\d+)?( ; python_version [<>=]+ "3\.\d+")?( +--hash=sha256:[0-9a-f]{64})+$/,
        );
    });
  }

  test('is pinned by its digest in the lockfile, which names no address', () => {
    const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { integrity?: string; resolved?: string }>;
    };
    const unpinned = Object.entries(packages).filter(
      ([where, { integrity, resolved }]) => where !== '' && (integrity === undefined || resolved !== undefined),
    );
    assert.deepEqual(unpinned, []);
  });
});
