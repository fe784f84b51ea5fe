/**
 * Rows by index: TensorFlow.js reads the indices' values, which a trace refuses.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { runNative } from '../native.ts';
import type { Dtype } from '../protobuf.ts';
import { differentiable, type Tf } from './differentiable.ts';

/** Returns the rows of x [N, …] with these indices (int32 […]): […indices' shape, …]. The embedding of tokens. */
export function gather(tf: Tf, x: Tfjs.Tensor, indices: Tfjs.Tensor): Tfjs.Tensor {
  const attributes = {
    Tparams: { type: x.dtype as Dtype },
    Tindices: { type: 'int32' },
    Taxis: { type: 'int32' },
  } as const;
  const rows = x.shape[0];
  return differentiable(tf, [x], (inputs) => ({
    value: runNative(tf, 'GatherV2', attributes, [...inputs, indices, tf.scalar(0, 'int32')]),
    saved: [indices],
    gradients: (dy, [kept]) => [sumRows(tf, dy, kept!, rows)],
  }));
}

/** Returns [rows, …], each the sum of the rows of x that have its index. */
function sumRows(tf: Tf, x: Tfjs.Tensor, indices: Tfjs.Tensor, rows: number): Tfjs.Tensor {
  const attributes = {
    T: { type: x.dtype as Dtype },
    Tindices: { type: 'int32' },
    Tnumsegments: { type: 'int32' },
  } as const;
  return differentiable(tf, [x], (inputs) => ({
    value: runNative(tf, 'UnsortedSegmentSum', attributes, [...inputs, indices, tf.scalar(rows, 'int32')]),
    saved: [indices],
    gradients: (dy, [kept]) => [gather(tf, dy, kept!)],
  }));
}
