/** A command gets Fashion-MNIST only if its experiment names it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trainsOnFashionMnist } from '../../setup/experiment-data.mjs';

test('an experiment on Fashion-MNIST needs these data, started or simulated', () => {
  const cases: readonly (readonly [string, string | undefined, boolean])[] = [
    ['start', undefined, true],
    ['start', 'fashion-mnist.json', true],
    ['start', 'toy-deceptive.json', false],
    ['simulate', undefined, false],
    ['simulate', 'compare-narrow-6000.json', true],
    ['simulate', 'compare-toys.json', false],
    ['simulate', 'none.json', false],
    ['stack', undefined, false],
    ['trainer', undefined, false],
  ];
  for (const [command, file, needed] of cases) {
    const args = file === undefined ? [] : ['--processes', '1', '--input-file', `experiments/${file}`];
    assert.equal(trainsOnFashionMnist(command, args), needed, `${command} ${file}`);
  }
});
