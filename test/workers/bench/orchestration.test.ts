import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';

it('the bench of orchestration finds every history within its budget', { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    join(import.meta.dirname, '../../../workers/bench/orchestration.ts'),
    '--small',
  ]);
  assert.match(stdout, /^\| root \| 1 \| \d+ \| \d+ \| \d+ events, \d+ bytes \|$/m);
  assert.doesNotMatch(stdout, /BROKEN/);
});
