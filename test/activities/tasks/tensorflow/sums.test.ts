/**
 * Sums of sums: TensorFlow's optimiser joins them, and then adds in an order that depends on timing. Ours must not.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { compile } from '../../../../activities/tasks/tensorflow/compile.ts';
import { split, uniform } from '../../../../activities/tasks/tensorflow/random.ts';
import { tensorflow } from './small-networks.ts';

/** TensorFlow measures operations for about 90 calls, and then runs cheap ones in another order. */
const CALLS = 200;
const SIZE = 16;

type Sum = (first: Tfjs.Tensor, second: Tfjs.Tensor, third: Tfjs.Tensor) => Tfjs.Tensor;

const SUMS: Readonly<Record<string, Sum>> = {
  'one after the other': (first, second, third) => first.add(second).add(third),
  'at once': (first, second, third) => tensorflow.tfjs.addN([first, second, third]),
};

for (const [how, sum] of Object.entries(SUMS)) {
  it(`adding ${how} gives the same bits in every call`, () => {
    const program = compile(tensorflow, {
      variables: {},
      hyperparameters: [],
      resident: {},
      functions: {
        add: {
          repeats: false,
          inputs: {},
          run: (_, { key }) => {
            const { tfjs: tf } = tensorflow;
            const keys = split(tf, key, 9);
            const drawn = (index: number): Tfjs.Tensor => uniform(tf, keys[index]!, [SIZE]);
            // Some parts are used by others too, sooner or later than they are added.
            const ends = [0, 1, 2].flatMap((place) => {
              const side = drawn(3 * place).sqrt();
              const first = drawn(3 * place + 1).mul(tf.sub(1, side));
              const by = drawn(3 * place + 2)
                .mul(2)
                .sub(1)
                .round()
                .div(11);
              return [first.add(by), sum(first, side, by)];
            });
            return { ends: tf.stack(ends) };
          },
        },
      },
    });
    const bitsOf = (values: unknown): string => Buffer.from((values as Float32Array).buffer).toString('hex');
    const seen = Array.from({ length: CALLS }, () => bitsOf(program.run('add', { key: [3, 4] })['ends']));
    program.dispose();
    assert.equal(new Set(seen).size, 1, `changed before call ${seen.findIndex((bits) => bits !== seen[0])}`);
  });
}
