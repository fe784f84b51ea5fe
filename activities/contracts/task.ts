/**
 * What trainers say of a task: its settings in full, its hyperparameters, what its score and its checkpoints are.
 *
 * Orchestrators know no task. A specification's `task` is `{kind, …settings}`; everything that depends on the kind
 * comes from the trainers' activity `describe`.
 */

/** What is trained: the kind of a task that trainers have, and its settings. Anything that JSON holds. */
export interface TaskSpecification {
  readonly kind: string;
  readonly [setting: string]: unknown;
}

/** One hyperparameter of a task. Without a default it must be given, unless it is optional. */
export type HyperparameterDefinition = NumberDefinition | IntegerDefinition | CategoryDefinition;

interface NamedHyperparameter {
  readonly name: string;
  /** One sentence, for people. */
  readonly description: string;
  /** A run may leave it out: then the task does without it. Never together with a default. */
  readonly optional?: true;
}

/** A real number. Trainers compute in single precision, so the bounds must hold for the value as a float32 too. */
export interface NumberDefinition extends NamedHyperparameter {
  readonly kind: 'number';
  /** Lowest value, included. */
  readonly minimum?: number;
  /** The value is above this. */
  readonly above?: number;
  /** Highest value, included. */
  readonly maximum?: number;
  /** The value is below this. */
  readonly below?: number;
  readonly default?: number;
}

/** A whole number; both bounds are included. */
export interface IntegerDefinition extends NamedHyperparameter {
  readonly kind: 'integer';
  readonly minimum: number;
  readonly maximum: number;
  readonly default?: number;
}

/** One of several names, without an order. */
export interface CategoryDefinition extends NamedHyperparameter {
  readonly kind: 'category';
  readonly choices: readonly string[];
  readonly default?: string;
}

/** What `describe` takes. */
export interface DescribeRequest {
  readonly task: TaskSpecification;
  /** Threads that the run's trainers compute with. */
  readonly threads: number;
}

/** What `describe` answers for a task whose settings it accepts. */
export interface TaskDescription {
  /** The settings with defaults filled in: what a run says it uses is all it uses. */
  readonly task: TaskSpecification;
  /** For people and search attributes: `image-classification/fashion-mnist`. */
  readonly label: string;
  /** In the order in which people read them. */
  readonly hyperparameters: readonly HyperparameterDefinition[];
  /** Estimate for one checkpoint; null if the task cannot tell beforehand. */
  readonly checkpointBytes: number | null;
  /** What the score is called: `accuracy`. Higher is better. */
  readonly score: string;
}

/** One error in what trainers were asked about: `Expected \`path\` to be RULE, got \`value\`` is told of it. */
export interface TaskComplaint {
  /** In the specification: `['task', 'model', 'hidden', 0]`, or `['threads']`. */
  readonly path: readonly (string | number)[];
  readonly rule: string;
  /** What was found, if that is not the value at the path. */
  readonly got?: string;
}

/** What trainers say of a task: its description, or every error in it. */
export type DescribedTask =
  { readonly description: TaskDescription } | { readonly complaints: readonly TaskComplaint[] };

/** What trainers were asked about a task, and their answer. */
export interface AnsweredRequest {
  readonly request: DescribeRequest;
  readonly answer: DescribedTask;
}

/** Looks up what trainers say of a task; undefined: nobody has been asked. */
export type TaskLookup = (request: DescribeRequest) => DescribedTask | undefined;

/**
 * Failure type of `describe` for settings that the task refuses, a kind or a number of threads that the trainer does
 * not have: not retryable, with the complaints (TaskComplaint[]) as the first of its details.
 */
export const INVALID_TASK = 'InvalidTask';
