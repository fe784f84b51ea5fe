import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCommand } from '../command.ts';

it('npm run bench finds every history within its budget', { timeout: 120_000 }, async () => {
  const { code, output, errors } = await runCommand('bench.ts', ['--only', 'orchestration', '--small']);
  assert.equal(code, 0, errors);
  assert.match(output, /^\| root \| 1 \| \d+ \| \d+ \| \d+ events, \d+ bytes \|$/m);
  assert.doesNotMatch(output, /EXCEEDED/);
});

it('npm run bench compares training steps, and says if there is no PyTorch', { timeout: 120_000 }, async () => {
  const args = ['--only', 'training', '--small', '--python', '/no/python3'];
  const { code, output, errors } = await runCommand('bench.ts', args);
  assert.equal(code, 0, errors);
  assert.match(output, /^PyTorch is not measured: `\/no\/python3` has none\./m);
  for (const network of ['perceptron, batch 16', 'convolutional, batch 64'])
    for (const optimizer of ['momentum', 'adam'])
      assert.match(output, new RegExp(`^${network}, ${optimizer}( +\\d+\\.\\d{3}){3} +–  \\d\\.\\d\\d : –$`, 'm'));
});
