/** `npm start -- --tasks`; test/package.test.ts trains a user's tasks, and shows what a run says of their errors. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runCommand } from '../command.ts';

describe("npm start -- --tasks, with a task's file outside the checkout", () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt own tasks '));
  after(() => rmSync(directory, { recursive: true }));

  it('refuses a file without a task before it starts anything', async () => {
    const empty = join(directory, 'empty.ts');
    writeFileSync(empty, 'export const task = 1;');
    const options = ['--directory', join(directory, 'stack'), '--input-file', 'experiments/toy-plain.json'];
    const { code, output, errors } = await runCommand('start.ts', [...options, '--tasks', empty]);
    assert.equal(code, 1);
    assert.equal(output, '');
    assert.match(errors, new RegExp(`^Expected ${empty} to export a task .*, got the exports \`task\`\n$`));
  });
});
