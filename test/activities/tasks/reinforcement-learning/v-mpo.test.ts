/**
 * V-MPO's losses: by hand, by properties, and against an implementation in NumPy.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { randomStream } from '../../../../workflows/algorithm/random.ts';
import {
  klOfDeviations,
  klOfMeans,
  logProbability,
  sampleWeights,
  solveTemperature,
  vMpoLosses,
} from '../../../../activities/tasks/reinforcement-learning/v-mpo.ts';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const { tfjs: tf } = loadTensorFlow();
const PYTHON = fileURLToPath(new URL('../../../../.local/python/bin/python', import.meta.url));
const REFERENCE = fileURLToPath(new URL('v_mpo_reference.py', import.meta.url));

const SAMPLES = 10;
const ACTIONS = 3;

type Numbers = number | readonly number[] | readonly (readonly number[])[];

const draw = (name: string, spread: number, rows = SAMPLES, columns = ACTIONS): number[][] => {
  const stream = randomStream(3, name);
  return Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => Math.fround(spread * stream.normal())),
  );
};
const targetMeans = draw('means', 0.5);
const EXAMPLE = {
  means: targetMeans.map((row, sample) => row.map((mean, at) => Math.fround(mean + 0.1 * Math.sin(sample + at)))),
  logDeviations: [-1, -0.6, -0.2].map(Math.fround),
  targetMeans,
  targetLogDeviations: [-0.9, -0.7, -0.2].map(Math.fround),
  actions: draw('actions', 0.7),
  advantages: draw('advantages', 1, 1, SAMPLES)[0]!,
  values: draw('values', 1, 1, SAMPLES)[0]!,
  returns: draw('returns', 1, 1, SAMPLES)[0]!,
  temperature: 0.75,
  alphaMean: 1.5,
  alphaDeviation: 0.5,
  epsilonEta: Math.fround(0.1),
  epsilonMu: Math.fround(0.01),
  epsilonSigma: Math.fround(1e-3),
} satisfies Record<string, Numbers>;

type Example = { readonly [Name in keyof typeof EXAMPLE]: Numbers };

function flat(numbers: Numbers): number[] {
  return typeof numbers === 'number' ? [numbers] : numbers.flatMap(flat);
}

/** What v_mpo_reference.py writes. */
interface Reference {
  readonly losses: Readonly<Record<string, number | number[]>>;
  readonly gradients: Readonly<Record<'means' | 'logDeviations' | 'values' | 'temperature', Numbers>>;
  readonly solvedTemperature: number;
}

function lossesOf(example: Example, given: Partial<Record<keyof Example, Tfjs.Tensor>> = {}) {
  const tensor = (name: keyof Example): Tfjs.Tensor => given[name] ?? tf.tensor(example[name]);
  return vMpoLosses(
    tf,
    {
      policy: { means: tensor('means'), logDeviations: tensor('logDeviations') },
      target: { means: tensor('targetMeans'), logDeviations: tensor('targetLogDeviations') },
      actions: tensor('actions'),
      advantages: tensor('advantages'),
      values: tensor('values'),
      returns: tensor('returns'),
    },
    {
      temperature: tensor('temperature'),
      alphaMean: tensor('alphaMean'),
      alphaDeviation: tensor('alphaDeviation'),
    },
    { epsilonEta: tensor('epsilonEta'), epsilonMu: tensor('epsilonMu'), epsilonSigma: tensor('epsilonSigma') },
  );
}

/** All components as numbers. */
function numbersOf(example: Example): Record<string, number[]> {
  return tf.tidy(() => {
    const losses = Object.entries(lossesOf(example)) as [string, Tfjs.Tensor][];
    return Object.fromEntries(losses.map(([name, loss]) => [name, [...loss.dataSync()]]));
  });
}

/** Gradient of what is trained, or of another sum of components, by one input. */
function gradientOf(name: keyof Example, total = TRAINED): number[] {
  return tf.tidy(() => {
    const loss = (value: Tfjs.Tensor) => total(lossesOf(EXAMPLE, { [name]: value }));
    return [
      ...tf
        .grad(loss)(tf.tensor(EXAMPLE[name] as number[]))
        .dataSync(),
    ];
  });
}

const TRAINED = ({ policy, divergence, value }: ReturnType<typeof vMpoLosses>): Tfjs.Tensor =>
  policy.add(divergence).add(value);

function assertNear(found: readonly number[], wanted: readonly number[], tolerance: number, what = ''): void {
  assert.equal(found.length, wanted.length, what);
  found.forEach((value, index) =>
    assert.ok(
      Math.abs(value - wanted[index]!) <= tolerance * Math.max(1, Math.abs(wanted[index]!)),
      `${what}[${index}]: expected ${wanted[index]}, got ${value}`,
    ),
  );
}

describe("V-MPO's losses", () => {
  it('weighs the better half by softmax(A/η), and the others not at all', () => {
    const weights = sampleWeights(tf, tf.tensor1d([3, 1, 4, 2]), tf.scalar(1)).dataSync();
    const share = Math.exp(-1) / (1 + Math.exp(-1));
    assertNear([...weights], [share, 0, 1 - share, 0], 1e-6);
  });

  it('has the density and the divergences of Gaussians worked by hand', () => {
    const gaussian = (means: number[], logDeviations: number[]) => ({
      means: tf.tensor2d([means]),
      logDeviations: tf.tensor1d(logDeviations),
    });
    const policy = gaussian([1, 2], [Math.log(2), 0]);
    // −½·(1/2)² − log 2 − ½·log 2π, and −½·1² − ½·log 2π.
    const log = -0.125 - Math.log(2) - 0.5 - Math.log(2 * Math.PI);
    assertNear([...logProbability(policy, tf.tensor2d([[2, 1]])).dataSync()], [log], 1e-6);
    const target = gaussian([0, 4], [Math.log(4), 0]);
    // ½·((1 − 0)/4)² + ½·(2 − 4)².
    assertNear([...klOfMeans(policy, target).dataSync()], [0.03125 + 2], 1e-6);
    // log(2/4) + ½·(16/4 − 1).
    assertNear([...klOfDeviations(policy, target).dataSync()], [Math.log(0.5) + 1.5], 1e-6);
  });

  it('agrees with NumPy in every component, in gradients and in the solved temperature', () => {
    const answer = execFileSync(PYTHON, [REFERENCE], { input: JSON.stringify(EXAMPLE), encoding: 'utf8' });
    const reference = JSON.parse(answer) as Reference;
    const found = numbersOf(EXAMPLE);
    assert.deepEqual(Object.keys(found).sort(), Object.keys(reference.losses).sort());
    for (const [name, wanted] of Object.entries(reference.losses))
      assertNear(found[name]!, [wanted].flat(), 2e-5, name);
    for (const name of ['means', 'logDeviations', 'values'] as const)
      assertNear(gradientOf(name), flat(reference.gradients[name]), 1e-4, `gradient by ${name}`);
    const byTemperature = gradientOf('temperature', ({ temperature }) => temperature);
    assertNear(byTemperature, flat(reference.gradients.temperature), 1e-4, 'gradient by the temperature');
    const solved = solveTemperature(tf, tf.tensor1d(EXAMPLE.advantages), tf.scalar(EXAMPLE.epsilonEta)).dataSync();
    assertNear([...solved], [reference.solvedTemperature], 3e-4, 'solved temperature');
  });

  it('depends on differences of advantages only, and on their ratio to the temperature', () => {
    const { weights, policy } = numbersOf(EXAMPLE);
    const shifted = { ...EXAMPLE, advantages: EXAMPLE.advantages.map((value) => value + 100) };
    const scaled = { ...EXAMPLE, advantages: EXAMPLE.advantages.map((value) => 8 * value), temperature: 6 };
    for (const [other, tolerance] of [
      [shifted, 1e-4],
      [scaled, 1e-6],
    ] as const) {
      const found = numbersOf(other);
      assertNear(found['weights']!, weights!, tolerance);
      assertNear(found['policy']!, policy!, tolerance);
    }
  });

  it('is 0 where the policy is the target, and grows either way', () => {
    const same = { ...EXAMPLE, means: EXAMPLE.targetMeans, logDeviations: EXAMPLE.targetLogDeviations };
    const { klMean, klDeviation, divergence } = numbersOf(same);
    assertNear([...klMean!, ...klDeviation!, ...divergence!], [0, 0, 0], 1e-7);
    for (const step of [0.1, -0.1])
      assert.ok(
        numbersOf({ ...same, logDeviations: same.targetLogDeviations.map((log) => log + step) })['klDeviation']![0]! >
          0,
      );
  });

  it('pulls means to good actions, and moves no critic by the policy, no policy by the multipliers', () => {
    const by = gradientOf('means', ({ policy }) => policy);
    const { weights } = numbersOf(EXAMPLE);
    EXAMPLE.actions.forEach((row, sample) =>
      row.forEach((action, at) => {
        const [gradient, distance] = [by[sample * ACTIONS + at]!, action - EXAMPLE.means[sample]![at]!];
        if (weights![sample] === 0) assert.equal(Math.abs(gradient), 0);
        else assert.equal(Math.sign(gradient), -Math.sign(distance));
      }),
    );
    const zero = (total: typeof TRAINED) => (value: Tfjs.Tensor) => total(lossesOf(EXAMPLE, { means: value }));
    const means = tf.tensor(EXAMPLE.means);
    // What does not depend on its input at all is an error of TensorFlow.js's.
    assert.throws(() => tf.grad(zero(({ multipliers }) => multipliers))(means), /./);
    assert.throws(() => gradientOf('values', ({ policy }) => policy), /./);
    assert.throws(() => gradientOf('advantages', ({ policy }) => policy), /./);
  });

  it('raises a multiplier whose constraint is broken, and lowers one whose is not', () => {
    const { klMean, klDeviation } = numbersOf(EXAMPLE);
    const multipliers = (losses: ReturnType<typeof vMpoLosses>) => losses.multipliers;
    assertNear(gradientOf('alphaMean', multipliers), [EXAMPLE.epsilonMu - klMean![0]!], 1e-6);
    assertNear(gradientOf('alphaDeviation', multipliers), [EXAMPLE.epsilonSigma - klDeviation![0]!], 1e-6);
  });

  it('solves the temperature for advantages of any size, and stays finite if they are all the same', () => {
    const bound = tf.scalar(0.1);
    const base = solveTemperature(tf, tf.tensor1d(EXAMPLE.advantages), bound).dataSync()[0]!;
    for (const factor of [1e-3, 1e4]) {
      const advantages = tf.tensor1d(EXAMPLE.advantages.map((value) => factor * value));
      assertNear([...solveTemperature(tf, advantages, bound).dataSync()], [factor * base], 1e-3);
    }
    const equal = tf.fill([SAMPLES], 2);
    const temperature = solveTemperature(tf, equal, bound);
    assert.ok(temperature.dataSync()[0]! > 0);
    assertNear([...sampleWeights(tf, equal, temperature).dataSync()], Array<number>(SAMPLES).fill(0.1), 1e-6);
  });
});
