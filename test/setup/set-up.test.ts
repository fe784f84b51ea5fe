/** Set-up runs only the necessary steps. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dueSteps } from '../../setup/set-up.mjs';
import { nodePackages } from '../../setup/steps/node-packages.mjs';
import { tensorflow } from '../../setup/steps/tensorflow.mjs';

const inPlace = { isInPlace: () => true };
const missing = { isInPlace: () => false };

/** Returns the names of the due ones among npm packages, TensorFlow made from them, and another step. */
function due(packages: typeof inPlace, library: typeof inPlace, other: typeof inPlace): string[] {
  const outer = { ...nodePackages, ...packages };
  const inner = { ...tensorflow, ...library, madeFrom: outer };
  return dueSteps([outer, inner, { ...nodePackages, name: 'other', ...other }]).map(({ name }) => name);
}

describe('set-up', () => {
  test('runs no step if everything is in place', () => assert.deepEqual(due(inPlace, inPlace, inPlace), []));

  test('runs only the missing steps, in order', () => {
    assert.deepEqual(due(inPlace, missing, inPlace), ['tensorflow']);
    assert.deepEqual(due(missing, missing, missing), ['node-packages', 'tensorflow', 'other']);
  });

  test('repeats a step whose sources another step installs', () => {
    assert.deepEqual(due(missing, inPlace, inPlace), ['node-packages', 'tensorflow']);
    assert.equal(tensorflow.madeFrom, nodePackages, 'npm packages have the source of the binding');
  });
});
