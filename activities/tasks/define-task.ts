/**
 * Definition of a task: what a person writes, in one file, so that it can be trained.
 *
 * ```ts
 * export default defineTask({
 *   kind: 'my-task',
 *   description: 'What it trains.',
 *   settings: z.strictObject({ hidden: z.int().min(1).default(64) }),
 *   hyperparameters: () => [{ kind: 'number', name: 'learningRate', above: 0, description: '…' }],
 *   open: (settings, context) => new MySession(settings, context),
 * });
 * ```
 */
import type { z } from 'zod';
import type { HyperparameterDefinition } from '../contracts/task.ts';
import type { Session, SessionContext } from './task.ts';

/** A task as its author defines it. `Settings` are the specification's `task` without `kind`, defaults filled in. */
export interface TaskDefinition<Settings = unknown> {
  /** Names it in specifications: lower-case letters, digits and hyphens, beginning with a letter. */
  readonly kind: string;
  /** One sentence, for people. */
  readonly description: string;
  /** Schema of the settings; unknown keys should be refused (`z.strictObject`). */
  readonly settings: z.ZodType<Settings>;
  /** Hyperparameters of the task with these settings. */
  readonly hyperparameters: (settings: Settings) => readonly HyperparameterDefinition[];
  /** What follows `<kind>/` in labels, such as the data set; default: nothing. */
  readonly label?: (settings: Settings) => string;
  /** What the score is called; default: `score`. Higher is better. */
  readonly score?: (settings: Settings) => string;
  /** Estimate of a checkpoint's bytes; default: not known beforehand. */
  readonly checkpointBytes?: (settings: Settings) => number;
  /**
   * Opens an uninitialised session, which the caller disposes of. Data that sessions share stays cached in the process.
   *
   * @throws Error if the task's data is missing or wrong
   */
  readonly open: (settings: Settings, context: SessionContext) => Session | Promise<Session>;
}

/** Returns the definition, with its types inferred. */
export function defineTask<Settings>(definition: TaskDefinition<Settings>): TaskDefinition<Settings> {
  return definition;
}
