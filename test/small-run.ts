/**
 * Specifications of runs that train within seconds.
 */

/** The hyperparameter that the toy task searches. */
export const SEARCHED_H = {
  kind: 'float',
  scale: 'log',
  bounds: [1e-4, 1.1],
  initial: { distribution: 'uniform', range: [0.9, 1.1] },
  factors: [0.5, 2],
} as const;

/** 4 + 4 members and 3 evaluators of the deceptive toy, 8 rounds. */
export const SMALL = {
  task: { kind: 'toy', variant: 'deceptive' },
  steps: 160,
  stepsPerRound: 20,
  evalEvery: 1,
  subPopulations: [{ members: 4 }, { members: 4, evaluators: 3 }],
  hyperparameters: { h: SEARCHED_H },
} as const;

/** 2 + 2 members and one evaluator, 3 rounds. */
export const SMALLEST = {
  ...SMALL,
  steps: 60,
  subPopulations: [{ members: 2 }, { members: 2, evaluators: 1 }],
} as const;
