import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  estimateCheckpointBytes,
  parameterCount,
} from '../../../../activities/tasks/image-classification/checkpoint-size.ts';

const PERCEPTRON = { kind: 'perceptron', hidden: [64] } as const;

describe('the size of a checkpoint of image classification', () => {
  it('counts the parameters of a perceptron and of a convolutional net', () => {
    assert.equal(parameterCount(PERCEPTRON), 784 * 64 + 64 + 64 * 10 + 10);
    assert.equal(
      parameterCount({ kind: 'convolutional', filters: [8, 16], dense: 32 }),
      9 * 8 + 8 + (9 * 8 * 16 + 16) + (7 * 7 * 16 * 32 + 32) + (32 * 10 + 10),
    );
  });

  it('has the weights once more for momentum, twice more for Adam', () => {
    const settings = {
      dataset: 'fashion-mnist',
      model: PERCEPTRON,
      batchSize: 16,
      objectiveExamples: 2500,
      untouchedExamples: 2500,
    } as const;
    const weights = 4 * parameterCount(PERCEPTRON) + 4 * 100;
    assert.equal(estimateCheckpointBytes({ ...settings, optimizer: 'momentum' }), 2 * weights);
    assert.equal(estimateCheckpointBytes({ ...settings, optimizer: 'adam' }), 3 * weights);
  });
});
