import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measureNormalisation, standardisationOf } from '../../../../activities/tasks/datasets/normalisation.ts';

const images = (pixels: Uint8Array | Float32Array, count: number) => ({ count, pixels, labels: new Int32Array(count) });

describe('measureNormalisation', () => {
  it('has mean and deviation of each channel, of the images that are asked', () => {
    // Two pixels of two channels an image; the last image is not asked.
    const pixels = Uint8Array.of(0, 255, 0, 255, 255, 255, 255, 0, 9, 9, 9, 9);
    const { mean, deviation } = measureNormalisation(images(pixels, 3), 2, Uint32Array.of(1, 0));
    assert.deepEqual(mean, [0.5, 0.75]);
    assert.equal(deviation[0], 0.5);
    assert.ok(Math.abs(deviation[1]! - Math.sqrt(3) / 4) < 1e-15);
  });

  it('does not depend on the order of the images', () => {
    const pixels = Uint8Array.from({ length: 999 }, (_, at) => (at * 37) % 256);
    const order = Uint32Array.from({ length: 999 }, (_, index) => index);
    assert.deepEqual(
      measureNormalisation(images(pixels, 999), 1, order),
      measureNormalisation(images(pixels, 999), 1, order.toReversed()),
    );
  });

  it('takes floats as they are, and keeps the deviation of large ones', () => {
    const pixels = Float32Array.of(1_000_000, 1_000_001, 1_000_002, 1_000_003);
    const { mean, deviation } = measureNormalisation(images(pixels, 4), 1, Uint32Array.of(0, 1, 2, 3));
    assert.deepEqual([mean, deviation], [[1_000_001.5], [Math.sqrt(1.25)]]);
  });

  it('has the deviation 1 for a channel that does not vary', () => {
    assert.deepEqual(measureNormalisation(images(Uint8Array.of(51, 51), 2), 1, Uint32Array.of(0, 1)), {
      mean: [0.2],
      deviation: [1],
    });
  });
});

describe('standardisationOf', () => {
  it('takes bytes as parts of 255, floats in their own unit', () => {
    const normalisation = { mean: [0.5, 0.25], deviation: [0.5, 2] };
    const ofBytes = standardisationOf(normalisation, new Uint8Array(0));
    assert.deepEqual(ofBytes.offset, Float32Array.of(-1, -0.125));
    assert.deepEqual(ofBytes.scale, Float32Array.of(1 / 127.5, 1 / 510));
    assert.deepEqual(standardisationOf(normalisation, new Float32Array(0)).scale, Float32Array.of(2, 0.5));
  });
});
