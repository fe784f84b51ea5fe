import { readFileSync } from 'node:fs';
import { defineTask, gradientsOf, kernels, momentum, normalTensor, openNetwork, splitData, z } from 'fire-pbt';
import type { Tfjs } from 'fire-pbt';

function readPoints(file: string, seed: number) {
  const [, ...rows] = Array.from(readFileSync(file, 'utf8').trim().split('\n'), (row) => row.split(',').map(Number));
  const xy = { shape: [rows.length, 2], values: Float32Array.from(rows.flatMap((row) => row.slice(0, 2))) };
  const inside = { shape: [rows.length], values: Int32Array.from(rows, (row) => row[2] ?? 0) };
  return { key: file, load: () => ({ xy, inside }), ...splitData(rows.length, { objective: 300, test: 300 }, seed) };
}

/** A layer of our own: how near points [B, 2] are to centres [2, H]. Then a dense layer [H, 2]. */
function logitsOf(xy: Tfjs.Tensor, { centres, output }: Record<'centres' | 'output', Tfjs.Variable>) {
  return xy.expandDims(2).sub(centres.expandDims(0)).square().sum(1).neg().exp().matMul(output);
}

export default defineTask({
  kind: 'points',
  description: 'Tells whether a point is inside, from a CSV file with the columns x, y and inside.',
  settings: z.strictObject({ file: z.string(), size: z.int().min(1).max(1000).default(16) }),
  hyperparameters: () => [{ kind: 'number', name: 'learningRate', description: 'Learning rate.', above: 0 }],
  open: ({ file, size }, context) =>
    openNetwork(context, {
      key: `points ${size}`,
      data: readPoints(file, context.seed),
      batchSize: 16,
      hyperparameters: ['learningRate'],
      model: (tf, stream) => {
        const centres = tf.variable(normalTensor(tf, stream('centres'), [2, size]));
        const weights = { centres, output: tf.variable(tf.zeros([size, 2])) };
        return { weights, ...momentum(tf, weights) };
      },
      step: (tf, { weights, apply }, { xy, inside }, { hyperparameters: { learningRate } }) => {
        const loss = () => kernels.sparseSoftmaxCrossEntropy(tf, logitsOf(xy, weights), inside).mean<Tfjs.Scalar>();
        apply(gradientsOf(tf, weights, loss).gradients, { learningRate, momentum: 0.9 });
      },
      measure: (_, { weights }, { xy, inside }) => ({ right: logitsOf(xy, weights).argMax(1).equal(inside) }),
      score: ({ right }, rows) => right[0] / rows,
    }),
});
