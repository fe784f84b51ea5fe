import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCommand } from '../command.ts';

it('npm run bench finds every history within its budget', { timeout: 120_000 }, async () => {
  const { code, output, errors } = await runCommand('bench.ts', ['--only', 'orchestration', '--small']);
  assert.equal(code, 0, errors);
  assert.match(output, /^\| root \| 1 \| \d+ \| \d+ \| \d+ events, \d+ bytes \|$/m);
  assert.doesNotMatch(output, /EXCEEDED/);
});
