/**
 * What the checks of the conformance suite ask with: one task, its trainers, and a folder of the suite's own.
 */
import type { z } from 'zod';
import type { ObjectStore } from '../../activities/storage/object-store.ts';
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import type { TaskDescription, TaskSpecification } from '../../activities/contracts/task.ts';
import { trainOutcome } from '../../activities/contracts/training-schema.ts';
import type { TrainOutcome, TrainRequest } from '../../activities/contracts/training.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import { complain } from '../../workflows/validation/complaints.ts';
import { NotTried, Violation } from './verdicts.ts';
import type { Answer, Asked, Failure, TrainerUnderTest } from './trainer-under-test.ts';

/** One promise of the contract, and how it is tried. */
export interface Check {
  /** Completes `The trainer …`. */
  readonly title: string;
  /** @throws Violation, or NotTried */
  readonly run: (subject: Subject) => Promise<void>;
}

/** One hyperparameter of a description. */
export type Definition = TaskDescription['hyperparameters'][number];

export interface SubjectOptions {
  readonly trainer: TrainerUnderTest;
  readonly objects: ObjectStore;
  readonly storage: RunFolder;
  readonly task: TaskSpecification;
  readonly threads: number;
  /** Steps of a short round. */
  readonly steps: number;
  /** Values to train with; default: from the description. */
  readonly hyperparameters: HyperparameterValues;
  /** How long a round takes at least that is to be interrupted. */
  readonly longSeconds: number;
  /** Shell command that kills the trainer; undefined: it is not killed. */
  readonly kill: string | undefined;
}

/** Longest round that is asked for. */
const MOST_STEPS = 2 ** 40;
const SEED = 1;
/** Factor between a long round and the next, if it was over too early. */
const LONGER = 3;
/** Factor between two rounds on the way to a long one. */
const MOST_GROWTH = 16;
/** A long round may take this; what is interrupted ends sooner. */
const LONGEST_ROUND_MS = 900_000;

/** A round that is long enough to be interrupted. */
export interface LongRound {
  readonly request: TrainRequest;
  /** Of the round without an interruption. */
  readonly outcome: TrainOutcome;
}

export class Subject {
  readonly options: SubjectOptions;
  #description: TaskDescription | undefined;
  #first: Promise<TrainOutcome> | undefined;
  #long: Promise<LongRound> | undefined;

  constructor(options: SubjectOptions) {
    this.options = options;
  }

  /** The description that the trainer gave. */
  get description(): TaskDescription {
    if (!this.#description) throw new NotTried('the task is not described');
    return this.#description;
  }

  set description(description: TaskDescription) {
    this.#description = description;
  }

  /** Values for all hyperparameters that must be given, and those of the options. */
  get hyperparameters(): HyperparameterValues {
    const { hyperparameters } = this.options;
    const needed = this.description.hyperparameters.filter(mustBeGiven);
    return { ...Object.fromEntries(needed.map((one) => [one.name, exampleOf(one)])), ...hyperparameters };
  }

  /** Returns a request for a short round from the beginning. */
  request(changes: Partial<TrainRequest> = {}): TrainRequest {
    const { storage, threads, steps } = this.options;
    return {
      storage,
      task: this.description.task,
      seed: SEED,
      threads,
      worker: { subPopulation: 1, kind: 'member', index: 0 },
      checkpoint: null,
      fromStep: 0,
      toStep: steps,
      evalEvery: Math.max(1, Math.floor(steps / 2)),
      hyperparameters: this.hyperparameters,
      ...changes,
    };
  }

  /** Returns a request for the round after the given one. */
  after({ checkpoint }: TrainOutcome, changes: Partial<TrainRequest> = {}): TrainRequest {
    const { steps } = this.options;
    return this.request({ checkpoint, fromStep: steps, toStep: 2 * steps, ...changes });
  }

  /** Trains and returns the outcome. */
  async train(request: TrainRequest): Promise<TrainOutcome> {
    return outcomeOf(await this.begin(request).then((asked) => asked.answer()), request);
  }

  /** Begins to train. */
  async begin(request: TrainRequest, attempts = 1): Promise<Asked> {
    return this.options.trainer.begin('train', request, { attempts, attemptMs: LONGEST_ROUND_MS });
  }

  /** The outcome of the short round from the beginning. */
  first(): Promise<TrainOutcome> {
    return (this.#first ??= this.train(this.request()));
  }

  /** A round that is long enough to be interrupted, and its outcome if it is not. */
  long(): Promise<LongRound> {
    return (this.#long ??= this.#findLongRound());
  }

  /** Makes the next long round longer: the last was over before it could be interrupted. */
  wantLonger({ request }: LongRound): void {
    this.#long = this.#findLongRound(LONGER * request.toStep);
  }

  async #findLongRound(steps = 2 * this.options.steps): Promise<LongRound> {
    const { longSeconds } = this.options;
    for (;;) {
      const request = this.request({ toStep: steps, evalEvery: steps / 2 });
      const outcome = await this.train(request);
      if (outcome.trainerSeconds >= longSeconds) return { request, outcome };
      if (steps >= MOST_STEPS) throw new NotTried(`${steps} steps take ${outcome.trainerSeconds} s only`);
      // The first steps are slower than those that follow, so their pace tells little.
      const missing = longSeconds / Math.max(outcome.trainerSeconds, 0.001);
      steps = 2 * Math.ceil((steps * Math.min(MOST_GROWTH, 1.25 * missing)) / 2);
    }
  }
}

/** Returns whether a request without a value is invalid. */
export function mustBeGiven({ default: value, optional }: Definition): boolean {
  return value === undefined && !optional;
}

function exampleOf(definition: Definition): number | string {
  if (definition.kind === 'category') return definition.choices[0] ?? '';
  if (definition.kind === 'integer') return definition.minimum;
  const { minimum, above, maximum, below } = definition;
  const low = minimum ?? above;
  const high = maximum ?? below;
  if (low !== undefined && high !== undefined) return low + (high - low) / 8;
  if (low !== undefined) return low + 0.01;
  return high === undefined ? 0.01 : high - 0.01;
}

/**
 * Returns the outcome of a training.
 *
 * @throws Violation if it failed, or is no outcome of the request
 */
export function outcomeOf(answer: Answer, request: TrainRequest): TrainOutcome {
  const outcome = requireValid(trainOutcome, resultOf(answer, 'train'), 'The answer of `train`');
  const { scores, checkpoint } = outcome;
  const measurements = (request.toStep - request.fromStep) / request.evalEvery;
  require(scores.length ===
    measurements, `Expected ${measurements} scores, one each ${request.evalEvery} steps, got ${scores.length}`);
  require(checkpoint.step ===
    request.toStep, `Expected a checkpoint of step ${request.toStep}, got one of step ${checkpoint.step}`);
  return outcome;
}

/** @throws Violation if the activity failed */
export function resultOf(answer: Answer, activity: string): unknown {
  if ('result' in answer) return answer.result;
  const { type, message } = answer.failure;
  throw new Violation(`\`${activity}\` failed: ${message} (${type})`);
}

/** @throws Violation unless the activity failed for good, with one of the types if any are named */
export function requireRefusal(answer: Answer, what: string, types: readonly string[]): Failure {
  if ('result' in answer) throw new Violation(`Expected a failure for ${what}, got an answer`);
  const { failure } = answer;
  const wanted = types.map((type) => `\`${type}\``).join(' or ');
  require(types.includes(
    failure.type,
  ), `Expected a failure of type ${wanted} for ${what}, got \`${failure.type}\`: ${failure.message}`);
  require(failure.nonRetryable, `Expected a failure that is not retryable for ${what}, got a retryable one`);
  return failure;
}

/** @throws Violation if the value does not fit the schema */
export function requireValid<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const complaints = complain(parsed.error.issues, value, 'it').join('; ');
  throw new Violation(`${what} is not what the contract says: ${complaints}`);
}

/** @throws Violation if the condition does not hold */
export function require(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Violation(message);
}
