/**
 * What compiled steps cannot repeat is refused, by name, with the author's line and with what to do instead.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { compile } from '../../../../activities/tasks/tensorflow/compile.ts';
import type { StepContext } from '../../../../activities/tasks/tensorflow/definition.ts';
import { TraceRefused } from '../../../../activities/tasks/tensorflow/tracing/refusal.ts';
import { tensorflow, tf } from './small-networks.ts';

type Step = (x: Tfjs.Tensor1D, w: Tfjs.Variable, at: StepContext) => unknown;

const outside = tf.variable(
  tf.tidy(() => tf.mul([1, 2, 3], 0)),
  true,
  'outside',
);
let calls = 0;
let kept: Tfjs.Tensor = tf.mul([1, 2, 3], 0);

interface Refused {
  readonly step: Step;
  /** What its refusal must say. */
  readonly says: RegExp;
  /** Nothing in particular is to blame. */
  readonly without?: 'line';
  /** Tensors that the step itself keeps. */
  readonly keeps?: number;
}

/** Each is a step on x [3] and a variable w [3]. */
const REFUSED: Readonly<Record<string, Refused>> = {
  'values read': {
    step: (x, w) => w.assign(w.mul(x.sum().dataSync()[0]!)),
    says: /reads values of a tensor \(dataSync.*Compute with tensors/,
  },
  'values read in a try block': {
    step: (x, w) => {
      let factor = 1;
      try {
        factor = x.sum().arraySync() as unknown as number;
      } catch {
        // Goes on with 1.
      }
      w.assign(w.mul(factor));
    },
    says: /reads values of a tensor/,
  },
  'a condition on values': {
    step: (x, w) => {
      if (x.sum().greater(0).dataSync()[0]) w.assign(x);
    },
    says: /a condition on values.*tf\.where/,
  },
  'values read later': {
    step: (x, w) => {
      void x.data().then(() => undefined);
      w.assign(x);
    },
    says: /reads values of a tensor/,
  },
  'printed values': { step: (x) => x.print(), says: /print/ },
  'values of a variable outside read': {
    step: (_, w) => w.assign(w.mul(outside.dataSync()[0]!)),
    says: /reads values of a tensor/,
  },
  'random numbers of TensorFlow.js': {
    step: (x, w) => w.assign(x.add(tf.randomNormal([3]))),
    says: /random number in JavaScript.*random\.ts.*at\.key/,
  },
  'dropout of TensorFlow.js': { step: (x, w) => w.assign(tf.dropout(x, 0.5)), says: /random number in JavaScript/ },
  'a random branch': {
    step: (x, w) => {
      if (Math.random() < 0.001) w.assign(x);
    },
    says: /random number in JavaScript/,
  },
  'random numbers that TensorFlow keeps': {
    step: (x) => ({ drawn: tf.multinomial(x, 1, 7) }),
    says: /Multinomial keeps its random state in TensorFlow/,
  },
  'a counter': {
    step: (x, w) => w.assign(x.mul(calls++)),
    says: /a number held in JavaScript changes from one step to the next.*at\.step/,
  },
  'a schedule': {
    step: (x, w) => w.assign(w.sub(x.mul(0.1 * 0.99 ** calls++))),
    says: /changes from one step to the next \(a counter, a schedule.*at\.hyperparameters/,
  },
  'a counter in an attribute': {
    step: (x, w) => w.assign(tf.leakyRelu(x, 0.1 + calls++)),
    says: /alpha of LeakyRelu/,
  },
  'a branch on a counter': {
    step: (x, w) => w.assign(calls++ % 2 === 0 ? x.exp() : x.log()),
    says: /does something else than the first: (Exp|Log), then (Exp|Log)/,
  },
  'an assignment in some steps': {
    step: (x, w) => {
      if (calls++ % 2 === 0) w.assign(x);
    },
    says: /the variables that it assigns change from one step to the next/,
    without: 'line',
  },
  'a tensor kept from step to step': {
    step: (x, w) => {
      w.assign(x.add(kept));
      kept = tf.keep(x.mul(2));
    },
    says: /a tensor of an earlier step is kept in JavaScript.*Keep it in a variable/,
    keeps: 1,
  },
  'tensors that heap up': {
    step: (x, w) => {
      w.assign(x);
      tf.keep(x.mul(2));
    },
    says: /every step keeps 1 more tensor/,
    keeps: 2,
    without: 'line',
  },
  'a shape that grows': {
    step: (x, w) => w.assign(tf.tile(x, [1 + (calls++ % 7)]).slice(0, 3)),
    says: /a shape changes from one step to the next: \[\d+\], then \[\d+\], at Tile/,
  },
  'a variable made inside': {
    step: (x) => tf.variable(x, true, 'inner'),
    says: /makes the variable `inner` in every step.*list them under `variables`/,
  },
  'a variable that is not listed': {
    step: (x, w) => w.assign(x.add(outside)),
    says: /uses the variable `outside`, which the program does not list/,
  },
  'a variable assigned that is not listed': {
    step: (x) => outside.assign(x),
    says: /the variable `outside`, which the program does not list/,
    without: 'line',
  },
  'an asynchronous step': {
    step: async (x, w) => w.assign(x),
    says: /asynchronous.*an ordinary function/,
    without: 'line',
  },
  'another result than tensors': { step: (x) => ({ x, one: 1 }), says: /something else than tensors/, without: 'line' },
  text: { step: () => tf.tensor1d(['a', 'b']).reshape([2, 1]), says: /text/ },
};

describe('a function is refused for', () => {
  for (const [what, { step, says, without, keeps = 0 }] of Object.entries(REFUSED)) {
    it(what, () => {
      const w = tf.tidy(() => tf.variable(tf.add([1, 2, 3], 0)));
      const tensors = tensorflow.binding.getNumOfTensors();
      assert.throws(
        () => tracedWith(step, w),
        (error) => {
          assert.ok(error instanceof TraceRefused, String(error));
          assert.match(error.message, says);
          assert.match(error.message, /^Cannot compile `train`: /);
          if (without !== 'line') assert.match(error.message, /refusals\.test\.ts:\d+:\d+\)/);
          return true;
        },
      );
      assert.deepEqual([...w.dataSync()], [1, 2, 3]);
      assert.deepEqual([...outside.dataSync()], [0, 0, 0]);
      assert.equal(tensorflow.binding.getNumOfTensors() - tensors, keeps);
      w.dispose();
    });
  }

  it('a hyperparameter without effect', () => {
    const w = tf.variable(tf.zeros([3]));
    assert.throws(
      () =>
        compile(tensorflow, {
          variables: { w },
          hyperparameters: ['rate'],
          resident: {},
          functions: { train: { repeats: true, inputs: {}, run: () => w.assign(w.add(1)) } },
        }),
      /Cannot compile.*the hyperparameter `rate` has no effect/,
    );
    w.dispose();
  });

  it('nothing of what leaves TensorFlow.js as it was', () => {
    const w = tf.variable(tf.zeros([3]));
    assert.throws(() => tracedWith((x) => x.print(), w), TraceRefused);
    assert.ok(tf.randomUniform([2]).dataSync().length === 2);
    const made = tf.variable(tf.ones([3]));
    assert.deepEqual([...made.add(w).dataSync()], [1, 1, 1]);
    made.dispose();
    w.dispose();
  });
});

function tracedWith(step: Step, w: Tfjs.Variable): void {
  compile(tensorflow, {
    variables: { w },
    hyperparameters: [],
    resident: {},
    functions: {
      train: {
        repeats: true,
        inputs: { x: { dtype: 'float32', shape: [3] } },
        run: ({ x }, at) => step(x as Tfjs.Tensor1D, w, at) as void,
      },
    },
  }).dispose();
}
