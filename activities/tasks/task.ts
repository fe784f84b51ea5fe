/**
 * What can be trained: a task opens sessions, and a session is one worker's model in training.
 *
 * A session may hold more than one network, and replay buffers, environments or statistics besides: whatever `save`
 * returns is all that survives between two rounds. Steps and measurements may be asynchronous. Everything random in a
 * session follows from the seed, the worker's name and the step, so that a round that is done again, or continued
 * elsewhere, comes out the same bit for bit.
 */
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { HyperparameterDefinition } from '../contracts/task.ts';
import type { NamedTensor } from '../storage/safetensors.ts';

/** All that a session has learned: what goes into a checkpoint, by name. */
export type State = ReadonlyMap<string, NamedTensor>;

export interface SessionContext {
  readonly seed: number;
  /** As in `P1/member-3`; for a report, which trains nothing, any name. */
  readonly worker: string;
  /** What the session trains with, all of its life; for a report, what it was trained with last. */
  readonly hyperparameters: HyperparameterValues;
  /** Folder with one folder a data set. */
  readonly dataDirectory: string;
  /**
   * To be called again and again by an `open` that takes long, such as for each image that it decodes. If nothing is
   * heard of it for long, it is taken to hang.
   */
  readonly progressed?: () => void;
}

/** A task with its settings, ready to open sessions. */
export interface Task {
  readonly kind: string;
  /** What the score is called. */
  readonly score: string;
  readonly hyperparameters: readonly HyperparameterDefinition[];
  /**
   * Opens an uninitialised session. The caller must dispose it. Shared data stays cached in the process.
   *
   * @throws Error if the task's data is missing or wrong
   */
  open(context: SessionContext): Promise<Session>;
}

/** A file of a report, besides the best weights. */
export interface ExportedFile {
  /** Relative to the result: `model/model.json`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

export interface Report {
  /** On the test set, which nothing else looks at; for tasks without one, the objective. */
  readonly testScore: Score;
  /** On data that no decision has seen; absent if the task has none. */
  readonly untouchedScore?: Score;
  /** The weights alone, without optimiser state. */
  readonly weights: State;
  readonly exports: readonly ExportedFile[];
}

export interface Session {
  /**
   * Called before `initialise` or `restore`, if it is known that steps fromStep … toStep − 1 come next: what they need
   * can be made ready meanwhile, such as images. Other steps may come nevertheless.
   */
  expect?(fromStep: number, toStep: number): void;
  /** Starts from nothing, as seed and worker say, with the session's hyperparameters. */
  initialise(): void | Promise<void>;
  /**
   * Restores a saved state, but keeps the session's hyperparameters.
   *
   * @throws Error if a tensor is missing, unknown or of another shape
   */
  restore(state: State): void | Promise<void>;
  /**
   * Returns the values that the training steps will use, as the optimiser stores them: perhaps rounded to float32.
   */
  effectiveHyperparameters(): HyperparameterValues;
  /** Called once a round before its first step; not when a round is continued from a partial checkpoint. */
  beginRound?(): void;
  /** Trains steps fromStep … toStep − 1. However a stretch is cut into calls, the state afterwards is the same. */
  train(fromStep: number, toStep: number): void | Promise<void>;
  /** Milliseconds for which `train` has waited for data so far. Default: it never waits. */
  readonly waitedMs?: number;
  /**
   * Measures the objective; 'diverged' if it, or any weight, is not finite. Changes nothing that later steps depend on.
   */
  measure(): Score | Promise<Score>;
  /** Returns the state; the caller's to keep. */
  save(): State | Promise<State>;
  /** Measures what is left for the end and exports the model. */
  report(): Promise<Report>;
  /** Frees what the session alone holds. Safe to call twice. If it fails, the process warns of it. */
  dispose(): void | Promise<void>;
}
