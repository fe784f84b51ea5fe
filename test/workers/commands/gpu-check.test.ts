import assert from 'node:assert/strict';
import { it } from 'node:test';
import { listGpus } from '../../../workers/stack/devices.ts';
import { runCommand } from '../command.ts';

const skip = listGpus(process.env).length > 0 && 'this machine has a GPU';

it('npm run gpu-check trains on the CPU, and fails, where there is no GPU', { timeout: 120_000, skip }, async () => {
  const { code, output, errors } = await runCommand('gpu-check.ts', ['--only', 'perceptron', '--threads', '1']);
  assert.equal(code, 1, errors);
  assert.match(output, /^GPU: none/m);
  assert.match(output, /^perceptron 64, 28², batch 64 +[\d.e+]+ +– +– +– +–$/m);
  assert.match(errors, /^Cannot check a GPU: there is none, so only the CPU was measured$/m);
});
