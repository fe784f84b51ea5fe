import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream, scheduled, scheduleFactor } from '../../../workflows/algorithm/index.ts';
import type {
  FloatSpace,
  HyperparameterValues,
  IntegerSpace,
  Schedule,
  ScheduleShape,
  TraceSegment,
} from '../../../workflows/algorithm/index.ts';

const learningRate: FloatSpace = {
  kind: 'float',
  scale: 'log',
  bounds: [1e-3, 1],
  initial: { distribution: 'log-uniform', range: [1e-2, 1e-1] },
  factors: [0.5, 2],
};
const batch: IntegerSpace = { kind: 'integer', bounds: [4, 64], initial: { range: [8, 32] }, factors: [0.5, 2] };

test('constant is 1 after the warm-up, which takes its value from the end of each round', () => {
  assert.deepEqual(factors({ kind: 'constant', warmUpSteps: 0 }), [1, 1, 1, 1, 1]);
  assert.deepEqual(factors({ kind: 'constant', warmUpSteps: 80 }), [0.25, 0.5, 0.75, 1, 1]);
  assert.deepEqual(factors({ kind: 'constant', warmUpSteps: 50 }), [0.4, 0.8, 1, 1, 1]);
  assert.deepEqual(factors({ kind: 'constant', warmUpSteps: 0 }), [1, 1, 1, 1, 1]);
});

test('step applies its factor from the first round that begins at or after a milestone', () => {
  assert.deepEqual(
    factors({ kind: 'step', milestones: [40, 80], factor: 0.5, warmUpSteps: 0 }),
    [1, 1, 0.5, 0.5, 0.25],
  );
  assert.deepEqual(factors({ kind: 'step', milestones: [41, 79], factor: 0.5, warmUpSteps: 0 }), [1, 1, 1, 0.5, 0.25]);
  assert.deepEqual(factors({ kind: 'step', milestones: [41, 55], factor: 0.5, warmUpSteps: 0 }), [1, 1, 1, 0.25, 0.25]);
  assert.deepEqual(
    factors({ kind: 'step', milestones: [1, 100], factor: 0.1, warmUpSteps: 0 }),
    [1, 0.1, 0.1, 0.1, 0.1],
  );
  assert.deepEqual(
    factors({ kind: 'step', milestones: [80, 40], factor: 0.5, warmUpSteps: 0 }),
    factors({ kind: 'step', milestones: [40, 80], factor: 0.5, warmUpSteps: 0 }),
    'in any order',
  );
  assert.deepEqual(
    factors({ kind: 'step', milestones: [40], factor: 0.5, warmUpSteps: 80 }),
    [0.25, 0.5, 0.375, 0.5, 0.5],
    'with a warm-up that it cuts short',
  );
});

test('the ImageNet recipe warms up over 5 epochs and is divided by ten at 30, 60 and 80', () => {
  const recipe: ScheduleShape = { kind: 'step', milestones: [30, 60, 80], warmUpSteps: 5, factor: 0.1 };
  const byEpoch = factors(recipe, 1, 90);
  assert.deepEqual(byEpoch.slice(0, 6), [0.2, 0.4, 0.6, 0.8, 1, 1]);
  for (const [epoch, factor] of [
    [29, 1],
    [30, 0.1],
    [59, 0.1],
    [60, 0.01],
    [79, 0.01],
    [80, 0.001],
    [89, 0.001],
  ] as const)
    assertWithin(byEpoch[epoch] ?? NaN, factor, 1e-16, `epoch ${epoch}`);
});

test('cosine is half a period of Math.cos, evaluated in the middle of each round', () => {
  for (const rounds of [1, 2, 3, 7, 100, 1000]) {
    for (const [round, factor] of factors(
      { kind: 'cosine', finalFactor: 0, warmUpSteps: 0 },
      20,
      20 * rounds,
    ).entries()) {
      assertWithin(
        factor,
        0.5 * (1 + Math.cos((Math.PI * (round + 0.5)) / rounds)),
        1e-15,
        `round ${round} of ${rounds}`,
      );
      assert.ok(factor > 0 && factor < 1);
    }
  }
});

test('cosine ends at its final factor, and begins after the warm-up', () => {
  // The middle of four rounds, an eighth, three eighths … of the way.
  const shares = [0.125, 0.375, 0.625, 0.875].map((share) => 0.1 + 0.9 * 0.5 * (1 + Math.cos(Math.PI * share)));
  for (const [round, factor] of factors({ kind: 'cosine', finalFactor: 0.1, warmUpSteps: 0 }, 20, 80).entries())
    assertWithin(factor, shares[round] ?? NaN, 1e-15, `round ${round}`);
  assert.deepEqual(factors({ kind: 'cosine', finalFactor: 1, warmUpSteps: 0 }), [1, 1, 1, 1, 1]);

  const warmed = factors({ kind: 'cosine', warmUpSteps: 40, finalFactor: 0 }, 20, 120);
  assert.deepEqual(warmed.slice(0, 2), [0.5, 1]);
  for (const [round, factor] of factors({ kind: 'cosine', finalFactor: 0, warmUpSteps: 0 }, 20, 80).entries())
    assertWithin(warmed[round + 2] ?? NaN, factor, 1e-15, `round ${round} after the warm-up`);
  // One that ends inside a round: that round is warm, the next is read in its middle.
  const [, second = NaN, third = NaN] = factors({ kind: 'cosine', warmUpSteps: 30, finalFactor: 0 }, 20, 100);
  assert.equal(second, 1);
  assertWithin(third, 0.5 * (1 + Math.cos((Math.PI * 20) / 70)), 1e-15, 'from step 40 to 60');
});

test('rounds of an extension keep the last factor', () => {
  const beyond = scheduleFactor(
    { kind: 'cosine', finalFactor: 0, warmUpSteps: 0 },
    { fromStep: 100, toStep: 120, steps: 100 },
  );
  assert.ok(beyond > 0);
  assert.equal(beyond, factors({ kind: 'cosine', finalFactor: 0, warmUpSteps: 0 }).at(-1));
  // The last round of the plan is the first after the warm-up, or within it.
  for (const warmUpSteps of [85, 95]) {
    const shape = { kind: 'cosine', warmUpSteps, finalFactor: 0 } as const;
    assert.equal(
      scheduleFactor(shape, { fromStep: 100, toStep: 120, steps: 100 }),
      factors(shape).at(-1),
      String(warmUpSteps),
    );
  }
  assert.equal(
    scheduleFactor(
      { kind: 'step', milestones: [40], factor: 0.1, warmUpSteps: 0 },
      { fromStep: 1000, toStep: 1020, steps: 100 },
    ),
    0.1,
  );
});

test('a schedule multiplies a member’s first value within its bounds, whatever the current value', () => {
  const step: Schedule = { learningRate: { kind: 'step', milestones: [20, 40, 60], factor: 0.1, warmUpSteps: 0 } };
  const rates = Array.from({ length: 5 }, (_, round) => valuesIn(step, { learningRate: 0.05, momentum: 0.9 }, round));
  assert.deepEqual(
    rates,
    [0.05, 0.05 * 0.1, 1e-3, 1e-3, 1e-3].map((rate) => ({ learningRate: rate, momentum: 0.9 })),
  );
  assert.deepEqual(
    valuesIn({ batch: { kind: 'constant', warmUpSteps: 80 } }, { batch: 10 }, 0),
    { batch: 4 },
    'below its bounds',
  );
});

test('an integer is rounded, a constant is scaled freely', () => {
  const warmUp: ScheduleShape = { kind: 'constant', warmUpSteps: 60 };
  assert.deepEqual(
    [0, 1, 2].map((round) => valuesIn({ batch: warmUp }, { batch: 20 }, round)['batch']),
    [7, 13, 20],
  );
  assert.deepEqual(
    [0, 1, 2].map((round) => valuesIn({ depth: warmUp }, { depth: 3 }, round)['depth']),
    [1, 2, 3],
  );
  assert.equal(
    valuesIn({ momentum: { kind: 'step', milestones: [20], factor: 0.5, warmUpSteps: 0 } }, { momentum: 0.9 }, 1)[
      'momentum'
    ],
    0.45,
  );
});

test('values that are missing or no numbers are unchanged', () => {
  const shape: ScheduleShape = { kind: 'constant', warmUpSteps: 60 };
  assert.deepEqual(valuesIn({ mode: shape, absent: shape }, { mode: 'flip' }, 0), { mode: 'flip' });
  assert.deepEqual(valuesIn({}, { batch: 20 }, 0), { batch: 20 });
});

test('each member draws one of several shapes for all rounds, and every shape is drawn', () => {
  const shapes: readonly ScheduleShape[] = [
    { kind: 'constant', warmUpSteps: 100 },
    { kind: 'step', milestones: [20], factor: 0.5, warmUpSteps: 0 },
    { kind: 'cosine', finalFactor: 0.2, warmUpSteps: 0 },
  ];
  const counts = shapes.map(() => 0);
  for (let member = 0; member < 300; member++) {
    const seen = Array.from(
      { length: 5 },
      (_, round) => valuesIn({ momentum: shapes }, { momentum: 1 }, round, member)['momentum'],
    );
    const drawn = shapes.findIndex((shape) => factors(shape).every((factor, round) => factor === seen[round]));
    assert.notEqual(drawn, -1, `member ${member} follows none: ${seen.join()}`);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(Math.abs(count - 100) < 30, counts.join());
});

test('a trace gives each round the values of its segment, and keeps first values that it does not name', () => {
  const trace: readonly TraceSegment[] = [
    { fromStep: 0, toStep: 20, hyperparameters: { learningRate: 0.2 } },
    { fromStep: 20, toStep: 60, hyperparameters: { learningRate: 0.1, batch: 8 } },
    { fromStep: 60, toStep: 80, hyperparameters: { learningRate: 5 } },
  ];
  const seen = Array.from({ length: 5 }, (_, round) =>
    valuesIn(trace, { learningRate: 0.7, batch: 32, mode: 'flip' }, round),
  );
  assert.deepEqual(
    seen.map((values) => [values['learningRate'], values['batch'], values['mode']]),
    [
      [0.2, 32, 'flip'],
      [0.1, 8, 'flip'],
      [0.1, 8, 'flip'],
      [5, 32, 'flip'],
      [5, 32, 'flip'],
    ],
    'values of another run, so its bounds; the last goes on where the run is extended',
  );
});

test('the order of keys changes nothing', () => {
  const shapes: readonly ScheduleShape[] = [
    { kind: 'constant', warmUpSteps: 100 },
    { kind: 'cosine', finalFactor: 0, warmUpSteps: 0 },
    { kind: 'step', milestones: [20], factor: 0.1, warmUpSteps: 0 },
  ];
  const schedule = { momentum: shapes, learningRate: shapes, batch: shapes, depth: shapes };
  const first: HyperparameterValues = { learningRate: 0.5, momentum: 0.9, batch: 64, depth: 16 };
  const reversed = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).reverse());
  for (let member = 0; member < 50; member++) {
    for (let round = 0; round < 5; round++)
      assert.deepEqual(
        valuesIn(reversed(schedule), reversed(first), round, member),
        valuesIn(schedule, first, round, member),
      );
  }
});

/** A shape's factor in every round. */
function factors(shape: ScheduleShape, stepsPerRound = 20, steps = 100): number[] {
  return Array.from({ length: steps / stepsPerRound }, (_, round) =>
    scheduleFactor(shape, { fromStep: round * stepsPerRound, toStep: (round + 1) * stepsPerRound, steps }),
  );
}

/** What a member trains with in a round, from 0, of 20 steps of 100. */
function valuesIn(schedule: Schedule, first: HyperparameterValues, round: number, member = 0): HyperparameterValues {
  return scheduled(
    schedule,
    first,
    { learningRate, batch, momentum: 0.9, depth: 3, mode: 'flip' },
    { fromStep: 20 * round, toStep: 20 * (round + 1), steps: 100 },
    randomStream(1, 'schedule', member),
  );
}

function assertWithin(actual: number, wanted: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${what}: ${actual}, not ${wanted}`);
}
