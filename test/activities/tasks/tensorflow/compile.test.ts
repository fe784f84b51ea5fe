/**
 * What is compiled against the same code run eagerly.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../../../activities/tasks/tensorflow/compile.ts';
import type { ProgramDefinition } from '../../../../activities/tasks/tensorflow/definition.ts';
import { EagerProgram } from '../../../../activities/tasks/tensorflow/eager-program.ts';
import type { TensorProgram } from '../../../../activities/tasks/tensorflow/tensor-program.ts';
import type { TensorValues } from '../../../../activities/tasks/tensorflow/protobuf.ts';
import {
  BATCH,
  CLASSES,
  FEATURES,
  HYPERPARAMETERS,
  SMALL_NETWORKS,
  numbers,
  tensorflow,
  training,
  type SmallNetwork,
} from './small-networks.ts';

const STEPS = 50;

/** TensorFlow runs the same kernels in the graph as one by one; in the others it fuses and reorders some. */
const SAME_BITS = new Set([
  'dense',
  'convolution',
  'dropout',
  'recurrent',
  'residual',
  'second order',
  'int32 and bool state',
  'custom gradient',
]);

describe('a compiled network', () => {
  for (const [name, make] of Object.entries(SMALL_NETWORKS)) {
    it(`trains ${name} as TensorFlow.js does, however its steps are cut into calls`, () => {
      const network = make();
      const definition = definitionOf(network);
      const eager = new EagerProgram(tensorflow, definition);
      const start = eager.getState();
      const compiled = compile(tensorflow, definition);
      assert.deepEqual(compiled.getState(), start);
      const expected = trainedIn([STEPS], eager, start);
      const ends = [[STEPS], [STEPS], [7, 1, 20, 22]].map((calls) => trainedIn(calls, compiled, start));
      assert.deepEqual(ends[1], ends[0]);
      assert.deepEqual(ends[2], ends[0]);
      const [most, where] = difference(ends[0]!, expected);
      assert.ok(SAME_BITS.has(name) ? most === 0 : most < 1e-5, `${where} is off by ${most}`);
      const changed = [...ends[0]!.state].filter(([variable, values]) => !equals(values, start.get(variable)!));
      assert.ok(changed.length > 0);
      compiled.dispose();
    });
  }
});

function definitionOf(network: SmallNetwork): ProgramDefinition {
  return {
    variables: network.variables,
    hyperparameters: HYPERPARAMETERS,
    resident: {},
    functions: { train: training(network) },
  };
}

interface Ending {
  readonly state: Map<string, TensorValues>;
  readonly results: Record<string, number[]>;
}

function trainedIn(calls: readonly number[], program: TensorProgram, start: Map<string, TensorValues>): Ending {
  program.setState(new Map([...start].map(([name, values]) => [name, values.slice()])));
  program.setHyperparameters({ rate: 0.05 });
  const results: Record<string, number[]> = {};
  let done = 0;
  for (const steps of calls) {
    const x = numbers(STEPS * BATCH * FEATURES, 5).slice(done * BATCH * FEATURES, (done + steps) * BATCH * FEATURES);
    const y = Int32Array.from({ length: steps * BATCH }, (_, index) => ((done * BATCH + index) * 7) % CLASSES);
    const given = program.run('train', {
      steps,
      firstStep: 100 + done,
      key: [3, 2 ** 31 - 20 + done],
      inputs: { x, y },
    });
    for (const [name, values] of Object.entries(given)) (results[name] ??= []).push(...values);
    done += steps;
  }
  return { state: program.getState(), results };
}

function difference(one: Ending, other: Ending): [number, string] {
  let worst: [number, string] = [0, 'nothing'];
  const compare = (name: string, a: ArrayLike<number>, b: ArrayLike<number>) => {
    assert.equal(a.length, b.length, name);
    for (let index = 0; index < a.length; index++) {
      const off = Math.abs(a[index]! - b[index]!) / Math.max(1, Math.abs(b[index]!));
      if (!(off <= worst[0])) worst = [off, name];
    }
  };
  assert.deepEqual(Object.keys(one.results), Object.keys(other.results));
  for (const [name, values] of one.state) compare(name, values, other.state.get(name)!);
  for (const [name, values] of Object.entries(one.results)) compare(name, values, other.results[name]!);
  return worst;
}

function equals(one: TensorValues, other: TensorValues): boolean {
  return Buffer.from(one.buffer, one.byteOffset, one.byteLength).equals(
    Buffer.from(other.buffer, other.byteOffset, other.byteLength),
  );
}
