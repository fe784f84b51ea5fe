/**
 * A small comparison in the stored format. It has three arms, few seeds and numbers for calculations by hand.
 */
const ARMS = { FIRE: [0.87, 0.88, 0.86], PBT: [0.86, 0.865, 0.861], 'hand-made': [0.872, 0.871] } as const;
const ALGORITHMS = { FIRE: 'fire-pbt', PBT: 'pbt', 'hand-made': 'random-search' } as const;
type Arm = keyof typeof ARMS;

/** Returns the comparison as a JSON object; `change` may alter each run. */
export function comparison(change: (run: Run) => object = (run) => run): {
  readonly format: string;
  readonly [field: string]: unknown;
} {
  const arms = Object.keys(ARMS) as Arm[];
  return {
    format: 'fire-pbt-comparison/1',
    name: 'small',
    input: {
      arms: Object.fromEntries(arms.map((arm) => [arm, { task: { kind: 'image-classification' } }])),
      seeds: [0, 1, 2],
    },
    runs: arms.flatMap((arm) => ARMS[arm].map((testScore, seed) => change(runOf(arm, seed, testScore)))),
    summary: 'ignored by the reader',
  };
}

export type Run = ReturnType<typeof runOf>;

function runOf(arm: Arm, seed: number, testScore: number) {
  const fire = arm === 'FIRE';
  const rate = 0.01 * (seed + 1);
  return {
    arm,
    seed,
    algorithm: ALGORITHMS[arm],
    workers: { members: 16, evaluators: 6 },
    steps: 600,
    workflowId: `small/${arm}/seed-${seed}`,
    folder: `small%2F${arm}%2Fseed-${seed}/run-1`,
    objective: testScore + 0.01,
    testScore,
    untouchedScore: testScore - 0.01,
    promotions: fire ? [2 + seed, 0] : [0],
    verdicts: fire ? { success: 2 + seed, 'binomial-test': 4 } : {},
    decisionsSha256: 'ab'.repeat(32),
    checkpointSha256: 'cd'.repeat(32),
    schedule: [
      {
        worker: 'P1/member-0',
        origin: 'initialised',
        fromStep: 0,
        toStep: 200,
        hyperparameters: { learningRate: rate, momentum: 0.9 },
      },
      {
        worker: 'P1/member-1',
        origin: 'exploit',
        fromStep: 200,
        toStep: 600,
        hyperparameters: { learningRate: rate / 8, momentum: 0.9 },
      },
    ],
    curve: {
      workerSteps: Array.from({ length: 30 }, (_one, index) => 440 * (index + 1)),
      bestScores: Array.from({ length: 30 }, (_one, index) =>
        index === 3 && seed === 0 ? null : testScore - 0.3 / (index + 1),
      ),
    },
    costs: {
      memberSteps: fire ? 9600 : 13_200,
      evaluatorSteps: fire ? 3000 : 0,
      trainerSeconds: 100 + seed,
      checkpoints: { written: 3, writtenBytes: 1_000_000, read: 2, readBytes: 2_500_000 },
      evaluations: fire
        ? {
            success: { count: 2 + seed, steps: 600, neverMet: 0 },
            'binomial-test': { count: 4, steps: 1800, neverMet: 0 },
            'child-exploited': { count: 3, steps: 600, neverMet: 2 },
          }
        : {},
      thrownAwayShare: fire ? 0.8 : null,
    },
    ...(fire ? { retrace: { seed: 1000 + seed, testScore: testScore - 0.002, objective: testScore, gap: 0.002 } } : {}),
  };
}
