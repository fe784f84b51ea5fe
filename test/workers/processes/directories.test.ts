import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeDirectory } from '../../../workers/processes/directories.ts';
import { UserError } from '../../../workers/processes/user-error.ts';

describe('a directory that a user names', () => {
  const root = mkdtempSync(join(tmpdir(), 'fire-pbt-directories-'));
  after(() => rmSync(root, { recursive: true }));

  it('is created with its parents, and may exist already', () => {
    const directory = join(root, 'a#b', 'c d', 'ü%20');
    makeDirectory(directory, 'tests');
    makeDirectory(directory, 'tests');
    assert.ok(existsSync(directory));
  });

  for (const [name, directory, reason] of [
    ['a device', '/dev/null/state', /^Cannot use \/dev\/null\/state for tests: \/dev\/null is no directory$/],
    ['a file', join(root, 'file', 'state'), /file is no directory$/],
    ['a file system that creates nothing', '/proc/fire-pbt/state', /^Cannot use .* for tests: ENOENT/],
  ] as const) {
    it(`is refused with one line if ${name} is in the way`, () => {
      writeFileSync(join(root, 'file'), '');
      assert.throws(
        () => makeDirectory(directory, 'tests'),
        (error) => error instanceof UserError && reason.test(error.message) && !error.message.includes('\n'),
      );
    });
  }
});
