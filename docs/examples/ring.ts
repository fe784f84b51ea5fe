import { defineTask, gradientsOf, kernels, momentum, normalTensor, openNetwork, splitData, z } from 'fire-pbt';
import type { Tfjs } from 'fire-pbt';

/** 1024 points of the plane, and whether each is in a ring around the centre. */
function loadPoints() {
  const points = Array.from({ length: 1024 }, (_, i) => [(i % 32) / 8 - 2, Math.floor(i / 32) / 8 - 2] as const);
  const inside = Int32Array.from(points, ([x, y]) => Number(Math.abs(Math.hypot(x, y) - 1.2) < 0.4));
  const values = Float32Array.from(points.flat());
  return { points: { shape: [1024, 2], values }, inside: { shape: [1024], values: inside } };
}

/** A layer of our own: how near points [B, 2] are to centres [2, H]. Then a dense layer [H, 2]. */
function logitsOf(points: Tfjs.Tensor, { centres, output }: Record<'centres' | 'output', Tfjs.Variable>) {
  return points.expandDims(2).sub(centres.expandDims(0)).square().sum(1).neg().exp().matMul(output);
}

export default defineTask({
  kind: 'ring',
  description: 'Tells whether a point is in a ring.',
  settings: z.strictObject({ size: z.int().min(1).max(1000).default(16) }),
  hyperparameters: () => [{ kind: 'number', name: 'learningRate', description: 'Learning rate.', above: 0 }],
  open: ({ size }, context) =>
    openNetwork(context, {
      key: `ring ${size}`,
      data: { key: 'ring', load: loadPoints, ...splitData(1024, { objective: 256, test: 256 }, context.seed) },
      batchSize: 16,
      hyperparameters: ['learningRate'],
      model: (tf, stream) => {
        const centres = tf.variable(normalTensor(tf, stream('centres'), [2, size]));
        const weights = { centres, output: tf.variable(tf.zeros([size, 2])) };
        return { weights, ...momentum(tf, weights) };
      },
      step: (tf, { weights, apply }, { points, inside }, { hyperparameters: { learningRate } }) => {
        const loss = () => kernels.sparseSoftmaxCrossEntropy(tf, logitsOf(points, weights), inside).mean<Tfjs.Scalar>();
        apply(gradientsOf(tf, weights, loss).gradients, { learningRate, momentum: 0.9 });
      },
      measure: (_, { weights }, { points, inside }) => ({ right: logitsOf(points, weights).argMax(1).equal(inside) }),
      score: ({ right }, rows) => right[0] / rows,
    }),
});
