/**
 * Optimisers against their formulas on arrays of doubles.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { clipByGlobalNorm, gradientsOf } from '../../../../activities/tasks/tensorflow/gradients.ts';
import { adam, adamW, momentum, rmsprop } from '../../../../activities/tasks/tensorflow/optimizers.ts';
import type { Gradients, Parameters, Rate } from '../../../../activities/tasks/tensorflow/optimizers.ts';
import { numbers, tensorflow, tf } from './small-networks.ts';

const STEPS = 5;
const SIZE = 6;
/** Learning rate, momentum, weight decay. */
const [ETA, MU, LAMBDA] = [0.05, 0.8, 0.1];
const EPSILON = 1e-7;

interface Any {
  readonly slots: Parameters;
  readonly apply: (gradients: Gradients, rates: { learningRate: Rate; momentum: Rate; weightDecay: Rate }) => void;
}

interface Expected {
  weight: number;
  readonly slots: Record<string, number>;
}

/** One step on one weight w with gradient g, number t from 1; `slots` begin as 0. */
type Formula = (w: number, g: number, t: number, slots: Record<string, number>) => number;

const OPTIMIZERS: Readonly<
  Record<string, { readonly make: (parameters: Parameters) => Any; readonly formula: Formula }>
> = {
  momentum: {
    make: (parameters) => momentum(tf, parameters),
    formula: (w, g, _, slots) => w - ETA * (slots['momentum'] = MU * (slots['momentum'] ?? 0) + g + LAMBDA * w),
  },
  "Nesterov's momentum": {
    make: (parameters) => momentum(tf, parameters, { nesterov: true }),
    formula: (w, g, _, slots) => {
      const slope = g + LAMBDA * w;
      const velocity = (slots['momentum'] = MU * (slots['momentum'] ?? 0) + slope);
      return w - ETA * (slope + MU * velocity);
    },
  },
  adam: {
    make: (parameters) => adam(tf, parameters),
    formula: (w, g, t, slots) => w - adamStep(g + LAMBDA * w, t, slots),
  },
  adamW: {
    make: (parameters) => adamW(tf, parameters),
    formula: (w, g, t, slots) => w * (1 - ETA * LAMBDA) - adamStep(g, t, slots),
  },
  rmsprop: {
    make: (parameters) => rmsprop(tf, parameters),
    formula: (w, g, _, slots) => {
      const slope = g + LAMBDA * w;
      const square = (slots['rmsprop-mean-square'] = 0.9 * (slots['rmsprop-mean-square'] ?? 0) + 0.1 * slope ** 2);
      const step = (ETA * slope) / Math.sqrt(square + EPSILON);
      return w - (slots['rmsprop-momentum'] = MU * (slots['rmsprop-momentum'] ?? 0) + step);
    },
  },
};

function adamStep(g: number, t: number, slots: Record<string, number>): number {
  const first = (slots['adam-first-moment'] = 0.9 * (slots['adam-first-moment'] ?? 0) + 0.1 * g);
  const second = (slots['adam-second-moment'] = 0.999 * (slots['adam-second-moment'] ?? 0) + 0.001 * g ** 2);
  const rate = (ETA * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
  return (rate * first) / (Math.sqrt(second) + EPSILON);
}

describe('an optimiser', () => {
  for (const [name, { make, formula }] of Object.entries(OPTIMIZERS)) {
    for (const decays of [true, false])
      it(`does what its formula says: ${name}, ${decays ? 'with' : 'without'} weight decay`, () =>
        tf.tidy(() => {
          const start = numbers(SIZE, 1);
          // Vectors do not decay if nothing is said.
          const w = tf.variable(decays ? tf.tensor2d(start, [2, 3]) : tf.tensor1d(start));
          const optimizer = make({ w });
          const rates = { learningRate: tf.scalar(ETA), momentum: MU, weightDecay: tf.scalar(LAMBDA) };
          const expected = [...start].map((weight): Expected => ({ weight, slots: {} }));
          for (let step = 1; step <= STEPS; step++) {
            const gradient = numbers(SIZE, 10 + step);
            optimizer.apply({ w: tf.tensor(gradient.slice(), w.shape) }, rates);
            expected.forEach((each, index) => {
              const pull = decays ? 0 : LAMBDA * each.weight;
              // adamW shrinks the weight itself.
              const shrunk = !decays && name === 'adamW' ? each.weight / (1 - ETA * LAMBDA) : each.weight;
              each.weight = formula(shrunk, gradient[index]! - (name === 'adamW' ? 0 : pull), step, each.slots);
            });
          }
          close(
            w,
            expected.map(({ weight }) => weight),
          );
          for (const slot of Object.keys(expected[0]!.slots))
            close(
              optimizer.slots[`optimizer/${slot}/w`]!,
              expected.map(({ slots }) => slots[slot]!),
            );
          tf.dispose([w, ...Object.values(optimizer.slots)]);
        }));
  }

  it('keeps the powers of Adam in the state, as of the step to come', () => {
    const w = tf.variable(tf.zeros([2]));
    const { slots, apply }: Any = adam(tf, { w });
    const powers = () => ['beta1', 'beta2'].map((beta) => slots[`optimizer/adam-${beta}-power`]!.dataSync()[0]!);
    assert.deepEqual(powers(), [0.9, 0.999].map(Math.fround));
    tf.tidy(() => apply({ w: tf.ones([2]) }, { learningRate: 0.1, momentum: 0, weightDecay: 0 }));
    assert.deepEqual(
      powers(),
      [0.9, 0.999].map((beta) => Math.fround(Math.fround(beta) * Math.fround(beta))),
    );
    tf.dispose([w, ...Object.values(slots)]);
  });

  it('wants a gradient for each parameter', () => {
    const w = tf.variable(tf.zeros([2]));
    const { slots, apply } = momentum(tf, { w });
    assert.throws(() => apply({}, { learningRate: 1, momentum: 0 }), /Expected a gradient for each parameter.*`w`/);
    tf.dispose([w, ...Object.values(slots)]);
  });

  it('leaves no tensor behind', () => {
    const w = tf.variable(tf.tidy(() => tf.zeros([2]).add(1)));
    const optimizers = [momentum(tf, { w }), adam(tf, { w }), adamW(tf, { w }), rmsprop(tf, { w })] as Any[];
    const [first, second] = [1, 2].map(() => {
      for (const { apply } of optimizers)
        tf.tidy(() => apply({ w: tf.ones([2]) }, { learningRate: 1, momentum: 0, weightDecay: 1 }));
      return tensorflow.binding.getNumOfTensors();
    });
    assert.equal(first, second);
    tf.dispose([w, ...optimizers.flatMap(({ slots }) => Object.values(slots))]);
  });
});

describe('gradients', () => {
  it('are named as the parameters, and refused if the loss does not depend on one', () => {
    const [a, b] = [tf.variable(tf.scalar(2)), tf.variable(tf.scalar(3))];
    tf.tidy(() => {
      const { loss, gradients } = gradientsOf(tf, { a, b }, () => a.mul(b).asScalar());
      assert.deepEqual(
        [loss, gradients['a']!, gradients['b']!].map((each) => each.dataSync()[0]),
        [6, 3, 2],
      );
      assert.throws(
        () => gradientsOf(tf, { a, b }, () => a.square().asScalar()),
        /Expected the loss to depend on all parameters, but not on `b`/,
      );
    });
    tf.dispose([a, b]);
  });

  it('are scaled together if their common norm is too large', () =>
    tf.tidy(() => {
      const gradients = { a: tf.tensor1d([3]), b: tf.tensor1d([0, 4]) };
      const clipped = clipByGlobalNorm(tf, gradients, 2.5);
      assert.equal(clipped.norm.dataSync()[0], 5);
      close(clipped.gradients['a']!, [1.5]);
      close(clipped.gradients['b']!, [0, 2]);
      close(clipByGlobalNorm(tf, gradients, tf.scalar(6)).gradients['b']!, [0, 4]);
      close(clipByGlobalNorm(tf, { a: tf.zeros([2]) }, 1).gradients['a']!, [0, 0]);
    }));
});

function close(tensor: Tfjs.Tensor, expected: readonly number[]): void {
  tensor.dataSync().forEach((value, index) => {
    const wanted = expected[index]!;
    assert.ok(Math.abs(value - wanted) < 1e-5 * Math.max(1, Math.abs(wanted)), `${value} is not ${wanted}`);
  });
}
