/**
 * The hyperparameters that each task knows: names, defaults, what values make sense. Imports no tensors, so that
 * planning a run needs none.
 */

/** One hyperparameter of a task. */
export interface HyperparameterDefinition {
  readonly name: string;
  /** Undefined: must be given. */
  readonly default?: number;
  /** What values are allowed, in words: an interval, so that bounds inside it keep every value inside. */
  readonly rule: string;
  readonly allows: (value: number) => boolean;
}

// Trainers compute in single precision: 1e-60 is 0 there, 1e40 infinite, 0.99999999 is 1.
const single = (allows: (value: number) => boolean) => (value: number) =>
  Number.isFinite(Math.fround(value)) && allows(Math.fround(value));

const learningRate: HyperparameterDefinition = {
  name: 'learningRate',
  rule: 'a number above 0, in single precision too',
  allows: single((value) => value > 0),
};
const momentum: HyperparameterDefinition = {
  name: 'momentum',
  default: 0.9,
  rule: 'a number from 0 to below 1, in single precision too',
  allows: single((value) => value >= 0 && value < 1),
};
const weightDecay: HyperparameterDefinition = {
  name: 'weightDecay',
  default: 0,
  rule: 'a number of at least 0, in single precision too',
  allows: single((value) => value >= 0),
};
const h: HyperparameterDefinition = { name: 'h', rule: 'a finite number', allows: Number.isFinite };

/**
 * Returns the hyperparameters of a task, in the order in which they are listed; undefined if `task` is none (a
 * specification's task is looked at before it is known to be valid).
 */
export function taskHyperparameters(task: unknown): readonly HyperparameterDefinition[] | undefined {
  if (typeof task !== 'object' || task === null || !('kind' in task)) return undefined;
  if (task.kind === 'toy') return [h];
  if (task.kind !== 'image-classification') return undefined;
  return 'optimizer' in task && task.optimizer === 'adam'
    ? [learningRate, weightDecay]
    : [learningRate, momentum, weightDecay];
}
