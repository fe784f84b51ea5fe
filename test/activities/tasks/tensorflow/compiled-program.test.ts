/**
 * What a program holds, takes and gives, compiled and run eagerly: both are one contract.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { compile } from '../../../../activities/tasks/tensorflow/compile.ts';
import { CompiledProgram } from '../../../../activities/tasks/tensorflow/compiled-program.ts';
import type { FunctionDefinition, ProgramDefinition } from '../../../../activities/tasks/tensorflow/definition.ts';
import { EagerProgram } from '../../../../activities/tasks/tensorflow/eager-program.ts';
import { encodeProgram } from '../../../../activities/tasks/tensorflow/tracing/encode-program.ts';
import { ResidentTensor } from '../../../../activities/tasks/tensorflow/program.ts';
import { categorical, integers, normal, split, uniform } from '../../../../activities/tasks/tensorflow/random.ts';
import type { TensorProgram } from '../../../../activities/tasks/tensorflow/tensor-program.ts';
import { numbers, tensorflow, tf } from './small-networks.ts';

const bytes = new ResidentTensor(tensorflow.binding, {
  shape: [5, 2],
  values: Uint8Array.from({ length: 10 }, (_, index) => 25 * index),
});
const floats = new ResidentTensor(tensorflow.binding, { shape: [4, 1, 2], values: numbers(8, 1) });
const integersKept = new ResidentTensor(tensorflow.binding, { shape: [3], values: Int32Array.of(7, 8, 9) });
const resident = { bytes, floats, integers: integersKept };

const sum = tf.variable(tf.tensor1d([1, 2]));
const flags = tf.variable(tf.tensor1d([true, false], 'bool'));
const seen = tf.variable(tf.scalar(5, 'int32'));

const FUNCTIONS: Readonly<Record<string, FunctionDefinition>> = {
  add: {
    repeats: true,
    inputs: {
      x: { dtype: 'float32', shape: [2] },
      flips: { dtype: 'bool', shape: [2] },
      pixels: { dtype: 'uint8', shape: [2] },
      table: { dtype: 'int32', shape: [3], per: 'call' },
    },
    run: ({ x, flips, pixels, table }, at) => {
      sum.assign(sum.add(x!.mul(at.hyperparameters['rate']!)).add(pixels!.div(255)));
      flags.assign(tf.logicalXor(flags, flips!));
      seen.assign(seen.add(table!.sum()));
      return { sum: sum.clone(), flags: flags.clone(), step: at.step, key: at.key, constant: tf.scalar(4) };
    },
  },
  look: {
    repeats: true,
    inputs: { indices: { dtype: 'int32', shape: [2, 2] } },
    run: ({ indices }, at) => ({
      bytes: at.resident['bytes']!.gather(indices!),
      floats: at.resident['floats']!.gather(indices!),
      integers: at.resident['integers']!.gather(indices!.mod(tf.scalar(3, 'int32'))),
      rows: at.resident['bytes']!.rows(at.step, 3),
      more: at.resident['integers']!.rows(at.step, 1),
    }),
  },
  act: {
    repeats: false,
    inputs: { x: { dtype: 'float32', shape: [3, 2] } },
    run: ({ x }, at) => {
      const keys = split(tf, at.key, 4) as [Tfjs.Tensor1D, Tfjs.Tensor1D, Tfjs.Tensor1D, Tfjs.Tensor1D];
      return {
        y: x!.mul(sum).mul(at.hyperparameters['rate']!),
        action: categorical(tf, keys[0], x as Tfjs.Tensor2D),
        noise: normal(tf, keys[1], [2, 2]),
        chances: uniform(tf, keys[2], [3]),
        dice: integers(tf, keys[3], [4], 6),
      };
    },
  },
  reset: {
    repeats: false,
    inputs: {},
    run: () => sum.assign(tf.zeros([2])),
  },
};

const definition: ProgramDefinition = {
  variables: { sum, flags, 'a name / of its own': seen },
  hyperparameters: ['rate'],
  resident,
  functions: FUNCTIONS,
};

const ADDED = {
  steps: 3,
  firstStep: 7,
  key: [1, 2 ** 31 - 1] as const,
  inputs: {
    x: () => Float32Array.of(1, 2, 3, 4, 5, 6),
    flips: () => Uint8Array.of(1, 0, 1, 1, 0, 0),
    pixels: () => Uint8Array.of(0, 255, 51, 0, 0, 102),
    table: () => Int32Array.of(1, 2, 3),
  },
};

function add(program: TensorProgram) {
  const inputs = Object.fromEntries(Object.entries(ADDED.inputs).map(([name, make]) => [name, make()]));
  return program.run('add', { ...ADDED, inputs });
}

function opened(kind: string): TensorProgram {
  sum.assign(tf.tensor1d([1, 2]));
  flags.assign(tf.tensor1d([true, false], 'bool'));
  seen.assign(tf.scalar(5, 'int32'));
  const program = kind === 'compiled' ? compile(tensorflow, definition) : new EagerProgram(tensorflow, definition);
  program.setHyperparameters({ rate: 0.5 });
  return program;
}

for (const kind of ['compiled', 'eager'])
  describe(`a program, ${kind},`, () => {
    it('begins with what the variables hold, and holds what is set', () => {
      const program = opened(kind);
      assert.deepEqual(plain(program.getState()), { sum: [1, 2], flags: [1, 0], 'a name / of its own': [5] });
      assert.deepEqual(
        program.variables.map(({ name, dtype, shape }) => [name, dtype, shape]),
        [
          ['sum', 'float32', [2]],
          ['flags', 'bool', [2]],
          ['a name / of its own', 'int32', []],
        ],
      );
      const state = {
        sum: Float32Array.of(3, 4),
        flags: Uint8Array.of(0, 1),
        'a name / of its own': Int32Array.of(-6),
      };
      program.setState(new Map(Object.entries(state)));
      assert.deepEqual(plain(program.getState()), { sum: [3, 4], flags: [0, 1], 'a name / of its own': [-6] });
      program.dispose();
    });

    it('gives every step its own inputs, number and key, and collects what steps return', () => {
      const program = opened(kind);
      const results = add(program);
      const pixels = [0, 1, 0.2, 0, 0, 0.4].map(Math.fround);
      const first = [1.5, 4];
      const second = [Math.fround(3 + pixels[2]!), 6];
      const third = [Math.fround(Math.fround(second[0]! + 2.5) + 0), Math.fround(9 + pixels[5]!)];
      assert.deepEqual(plain(results), {
        sum: [...first, ...second, ...third],
        flags: [0, 0, 1, 1, 1, 1],
        step: [7, 8, 9],
        key: [1, 2 ** 31 - 1, 1, -(2 ** 31), 1, -(2 ** 31) + 1],
        constant: [4, 4, 4],
      });
      assert.ok(results['sum'] instanceof Float32Array && results['flags'] instanceof Uint8Array);
      assert.deepEqual(plain(program.getState()), { sum: third, flags: [1, 1], 'a name / of its own': [5 + 18] });
      program.dispose();
    });

    it('takes rows of data that stay with TensorFlow', () => {
      const program = opened(kind);
      const results = program.run('look', { steps: 2, inputs: { indices: Int32Array.of(0, 1, 2, 3, 3, 3, 1, 0) } });
      const [a, b, c, d] = [0, 1, 2, 3].map((row) => [50 * row, 50 * row + 25]) as [
        number[],
        number[],
        number[],
        number[],
      ];
      const row = (index: number) => [...numbers(8, 1).slice(2 * index, 2 * index + 2)];
      assert.deepEqual(plain(results), {
        bytes: [...a, ...b, ...c, ...d, ...d, ...d, ...b, ...a],
        floats: [0, 1, 2, 3, 3, 3, 1, 0].flatMap(row),
        integers: [7, 8, 9, 7, 7, 7, 8, 7],
        rows: [...a, ...b, ...c, ...b, ...c, ...d],
        more: [7, 8],
      });
      program.dispose();
    });

    it('runs a function once: it answers, or changes the state', () => {
      const program = opened(kind);
      const x = () => Float32Array.of(1, 2, 3, 4, 5, 6);
      const results = program.run('act', { key: [5, 6], inputs: { x: x() } });
      assert.deepEqual([...results['y']!], [0.5, 2, 1.5, 4, 2.5, 6]);
      assert.deepEqual(program.run('act', { key: [5, 6], inputs: { x: x() } }), results);
      assert.notDeepEqual(program.run('act', { key: [5, 7], inputs: { x: x() } })['noise'], results['noise']);
      assert.ok(results['action']!.every((action) => action === 0 || action === 1));
      assert.ok(results['dice']!.every((die) => die >= 0 && die < 6));
      assert.ok(results['chances']!.every((chance) => chance >= 0 && chance < 1));
      assert.deepEqual(program.run('reset'), {});
      assert.deepEqual([...program.getState().get('sum')!], [0, 0]);
      program.dispose();
    });

    it('says what the functions take for hyperparameters', () => {
      const program = opened(kind);
      program.setHyperparameters({ rate: 0.1 });
      assert.deepEqual(program.getHyperparameters(), { rate: Math.fround(0.1) });
      program.dispose();
    });

    it('refuses what does not fit, by name', () => {
      const program = opened(kind);
      const inputs = { x: new Float32Array(6) };
      const x = new Float32Array(6);
      for (const [call, message] of [
        [() => program.run('fly'), /Expected a function of add, look, act, reset, got `fly`/],
        [() => program.run('act'), /Expected inputs of `act` to have `x`, got ``/],
        [() => program.run('act', { inputs: { ...inputs, y: x } }), /Expected inputs of `act` to be x, got `y`/],
        [
          () => program.run('act', { inputs: { x: new Float32Array(5) } }),
          /Expected input `x` of `act` to be 6 values in a Float32Array for \[3, 2\], got `5 in a Float32Array`/,
        ],
        [() => program.run('act', { inputs: { x: new Int32Array(6) } }), /Float32Array.*got `6 in a Int32Array`/],
        [
          () => program.run('look', { steps: 3, inputs: { indices: new Int32Array(4) } }),
          /input `indices` of `look` to be 12 values in a Int32Array for \[3, 2, 2\], got `4/,
        ],
        [() => program.setHyperparameters({}), /Expected hyperparameters to have `rate`/],
        [() => program.setHyperparameters({ rate: 1, rat: 2 }), /Expected hyperparameters to be rate, got `rat`/],
        [() => program.setState(new Map([['sum', x]])), /Expected state to have `flags`, got `sum`/],
      ] as const)
        assert.throws(call, message);
      program.dispose();
    });

    it('leaves no tensor behind', () => {
      const program = opened(kind);
      const [first, second] = [1, 2].map(() => {
        add(program);
        program.run('act', { inputs: { x: new Float32Array(6) } });
        program.run('reset');
        program.setState(program.getState());
        program.setHyperparameters({ rate: 1 });
        return tensorflow.binding.getNumOfTensors();
      });
      assert.equal(first, second);
      program.dispose();
    });
  });

describe('a compiled program', () => {
  it('answers as the same definition does eagerly, random numbers included', () => {
    const answers = ['compiled', 'eager'].map((kind) => {
      const program = opened(kind);
      const answer = program.run('act', { key: [5, 6], inputs: { x: Float32Array.of(1, 2, 3, 4, 5, 6) } });
      program.dispose();
      return answer;
    });
    assert.deepEqual(answers[0], answers[1]);
  });

  it('does nothing in no steps', () => {
    const program = opened('compiled');
    const none = {
      x: new Float32Array(),
      flips: new Uint8Array(),
      pixels: new Uint8Array(),
      table: Int32Array.of(1, 2, 3),
    };
    assert.deepEqual(plain(program.run('add', { steps: 0, inputs: none })['sum']!), []);
    assert.deepEqual([...program.getState().get('sum')!], [1, 2]);
    program.dispose();
  });

  it('can be kept as bytes and plain data', () => {
    const { graph, signature } = encodeProgram(tensorflow, definition);
    const kept = { graph: graph.slice(), signature: JSON.parse(JSON.stringify(signature)) as typeof signature };
    const program = new CompiledProgram(tensorflow, kept, resident);
    const other = opened('compiled');
    program.setState(other.getState());
    program.setHyperparameters({ rate: 0.5 });
    assert.deepEqual(add(program), add(other));
    assert.deepEqual(program.getState(), other.getState());
    program.dispose();
    other.dispose();
  });

  it('comes as the same bytes from the same definition', () => {
    const [one, other] = [encodeProgram(tensorflow, definition), encodeProgram(tensorflow, definition)];
    assert.ok(Buffer.from(one.graph).equals(other.graph));
  });

  it('wants names that TensorFlow takes', () => {
    assert.throws(
      () => compile(tensorflow, { variables: {}, hyperparameters: ['a rate'], resident: {}, functions: {} }),
      /Expected names to be letters, digits, `_`, `\.` and `-`, got `a rate`/,
    );
  });
});

function plain(
  values: Map<string, ArrayLike<number>> | Record<string, ArrayLike<number>> | ArrayLike<number>,
): unknown {
  if (ArrayBuffer.isView(values)) return Array.from(values as unknown as ArrayLike<number>);
  const entries = values instanceof Map ? [...values] : Object.entries(values as Record<string, ArrayLike<number>>);
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.from(value)]));
}
