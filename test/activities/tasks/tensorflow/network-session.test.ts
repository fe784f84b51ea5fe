import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitData } from '../../../../activities/tasks/datasets/split.ts';
import type { Session } from '../../../../activities/tasks/task.ts';
import { gradientsOf } from '../../../../activities/tasks/tensorflow/gradients.ts';
import { heTensor } from '../../../../activities/tasks/tensorflow/initial-values.ts';
import { sparseSoftmaxCrossEntropy } from '../../../../activities/tasks/tensorflow/kernels.ts';
import type { Feeds } from '../../../../activities/tasks/tensorflow/network-definition.ts';
import { openNetwork } from '../../../../activities/tasks/tensorflow/network-session.ts';
import { momentum } from '../../../../activities/tasks/tensorflow/optimizers.ts';
import { dropout } from '../../../../activities/tasks/tensorflow/random.ts';
import { numbers, tensorflow } from './small-networks.ts';

const ROWS = 60;

interface Variant {
  readonly eager?: boolean;
  readonly reads?: boolean;
  readonly objective?: Uint32Array;
  readonly data?: { readonly name: string; readonly load: () => Feeds<'x' | 'y'> };
}

const FEW_ROWS = {
  name: 'few rows',
  load: () => ({
    x: { shape: [ROWS, 4], values: numbers(4 * ROWS, 1).slice() },
    y: { shape: [ROWS], values: Int32Array.from({ length: ROWS }, (_, row) => row % 3) },
  }),
};

/** More than half of what small data sets that nobody uses may take: nothing but the first rows is touched. */
function largeRows(): Feeds<'x' | 'y'> {
  const values = new Uint8Array(2 ** 27 + 4);
  values.set(Uint8Array.from(numbers(4 * ROWS, 1), (value) => 2 + 2 * value));
  return { ...FEW_ROWS.load(), x: { shape: [values.length / 4, 4], values } };
}

/** A dense layer with dropout on random numbers; a step may read its loss. */
async function open({ eager = false, reads = false, objective, data = FEW_ROWS }: Variant): Promise<Session> {
  const context = { seed: 1, worker: 'P1/member-0', hyperparameters: { learningRate: 0.1 }, dataDirectory: '' };
  return openNetwork(context, {
    key: `session test ${reads}`,
    data: {
      key: `session test ${data.name}`,
      load: data.load,
      ...splitData(ROWS, { objective: 20, untouched: 5, test: 7 }, 1),
      ...(objective ? { objective } : {}),
    },
    batchSize: 8,
    measuredAtOnce: 15,
    eager,
    hyperparameters: ['learningRate'],
    model: (tf, stream) => {
      const weights = { kernel: tf.variable(heTensor(tf, stream('kernel'), [4, 3])) };
      return { weights, ...momentum(tf, weights) };
    },
    step: (tf, { weights, apply }, { x, y }, { hyperparameters: { learningRate }, key }) => {
      const { loss, gradients } = gradientsOf(tf, weights, () =>
        sparseSoftmaxCrossEntropy(tf, dropout(tf, x, 0.25, key).matMul(weights.kernel), y).mean(),
      );
      if (reads && !Number.isFinite(loss.dataSync()[0])) return;
      apply(gradients, { learningRate, momentum: 0.9 });
    },
    measure: (_, { weights }, { x, y }) => ({ right: x.matMul(weights.kernel).argMax(1).equal(y) }),
    score: ({ right }, rows) => right[0] / rows,
    exports: async ({ measure }) => {
      const measured = await measure((_, { weights }, { x }) => ({
        norms: x!.matMul(weights['kernel']!).square().sum(1),
      }));
      const bytes = new TextEncoder().encode(JSON.stringify([measured?.rows, measured?.sums['norms']?.[0].toFixed(3)]));
      return [{ name: 'norms', bytes, contentType: 'text/plain' }];
    },
  });
}

describe('a session of a network', () => {
  it('trains, measures and reports the same compiled and eagerly', async () => {
    const outcomes = [];
    for (const variant of [{}, { eager: true }, { eager: true, reads: true }]) {
      const session = await open(variant);
      await session.initialise();
      await session.train(0, 3);
      await session.train(3, 7);
      const restored = await open(variant);
      await restored.restore(await session.save());
      await restored.train(7, 12);
      const { testScore, untouchedScore, exports } = await restored.report();
      const scores = [
        await restored.measure(),
        testScore,
        untouchedScore,
        ...exports.map(({ bytes }) => String(bytes)),
      ];
      outcomes.push([scores, await restored.save(), restored.effectiveHyperparameters()]);
      await Promise.all([session.dispose(), restored.dispose()]);
    }
    assert.deepEqual(outcomes[1], outcomes[0]);
    assert.deepEqual(outcomes[2], outcomes[0]);
  });

  it('measures its own rows, also if another session of its program and seed measures as many others', async () => {
    const sessions = [];
    const scores: unknown[] = [];
    // Row r has the class r % 3. One of the untrained network's answers is the most frequent.
    const folds = [0, 1, 2].map((label) => Uint32Array.from({ length: 20 }, (_, index) => 3 * index + label));
    for (const objective of folds) {
      const session = await open({ objective });
      await session.initialise();
      scores.push(await session.measure());
      sessions.push(session);
    }
    for (const session of sessions) await session.dispose();
    assert.equal(new Set(scores).size, 3, String(scores));
  });

  for (const how of ['compiled', 'eagerly'])
    it(`trains the same, ${how}, on data that were freed while nobody used its program`, async () => {
      const loaded: string[] = [];
      const train = async (data: string): Promise<unknown> => {
        const large = { name: `${how} ${data}`, load: () => (loaded.push(data), largeRows()) };
        const session = await open({ eager: how === 'eagerly', data: large });
        await session.initialise();
        await session.train(0, 3);
        const trained = [await session.measure(), await session.save()];
        await session.dispose();
        return trained;
      };
      const trained = await train('one');
      // Two data sets stay, and their program with each.
      for (const data of ['two', 'three', 'two', 'one']) assert.deepEqual(await train(data), trained, data);
      assert.deepEqual(loaded, ['one', 'two', 'three', 'one']);
    });

  it('is refused if its step reads values, unless it runs eagerly', async () => {
    await assert.rejects(open({ reads: true }), {
      name: 'TraceRefused',
      message: /^Cannot compile `train`: .*network-session\.test\.ts:\d+:\d+/,
    });
  });

  it('leaves no tensor behind eagerly', async () => {
    const counts = [];
    for (let round = 0; round < 3; round++) {
      const session = await open({ eager: true });
      await session.initialise();
      await session.train(0, 3);
      await session.measure();
      await session.report();
      await session.dispose();
      counts.push(tensorflow.binding.getNumOfTensors());
    }
    assert.equal(counts[2], counts[1]);
  });
});
