import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { estimateCheckpointBytes } from '../../../../activities/tasks/image-classification/checkpoint-size.ts';
import { dataFolder } from '../datasets/data-files.ts';
import { settings } from '../../../../activities/tasks/image-classification/settings.ts';

const PERCEPTRON = { kind: 'perceptron', hidden: [64] };
const PARAMETERS = 784 * 64 + 64 + 64 * 10 + 10;
/** Of a tensor's entry in the header. */
const HEADER = 100;

function bytes(change: object): number | null {
  return estimateCheckpointBytes(settings.parse({ dataset: 'fashion-mnist', model: PERCEPTRON, ...change }));
}

describe('the size of a checkpoint of image classification', () => {
  it('has the weights once more for momentum, twice more for Adam', () => {
    const weights = 4 * PARAMETERS + 4 * HEADER;
    assert.equal(bytes({ optimizer: 'momentum' }), 2 * weights);
    assert.equal(bytes({ optimizer: 'adamw' }), 3 * weights);
  });

  it('counts the parameters of a convolutional net, and moving averages once', () => {
    const model = { kind: 'convolutional', filters: [8, 16], dense: 32 };
    const kernels = 9 * 8 + 9 * 8 * 16 + 7 * 7 * 16 * 32;
    const biases = 8 + 16 + 32;
    const output = 32 * 10 + 10;
    assert.equal(bytes({ model }), 2 * (4 * (kernels + biases + output) + 8 * HEADER));
    // Scale and offset instead of the bias; two averages.
    assert.equal(
      bytes({ model: { ...model, batchNormalisation: true } }),
      2 * (4 * (kernels + 2 * biases + output) + 11 * HEADER) + 4 * 2 * biases + 6 * HEADER,
    );
  });

  it('counts the classes of a folder', () => {
    const { path } = dataFolder();
    const dataset = { kind: 'folder', train: path, size: 8 };
    assert.equal(bytes({ dataset }), null);
    for (const name of ['cat', 'dog', 'owl']) mkdirSync(join(path, name));
    assert.equal(bytes({ dataset }), 2 * (4 * (192 * 64 + 64 + 64 * 3 + 3) + 4 * HEADER));
  });

  it('knows the images of CIFAR, but not those of files', () => {
    assert.equal(
      bytes({ dataset: { kind: 'cifar-100', folder: 'data' } }),
      2 * (4 * (3072 * 64 + 64 + 64 * 100 + 100) + 4 * HEADER),
    );
    assert.equal(bytes({ dataset: { kind: 'idx', trainImages: 'a', trainLabels: 'b' } }), null);
  });
});
