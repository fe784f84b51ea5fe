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
import type { HyperparameterDefinition, TaskComplaint } from '../contracts/task.ts';
import type { Session, SessionContext } from './task.ts';

/** A task as its author defines it. `Settings` are the specification's `task` without `kind`, defaults filled in. */
export interface TaskDefinition<Settings = unknown> {
  /** Names it in specifications: lower-case letters, digits and hyphens, beginning with a letter. */
  readonly kind: string;
  /** One sentence, for people. */
  readonly description: string;
  /**
   * Schema of the settings; unknown keys should be refused (`z.strictObject`). What it returns must be JSON that it
   * accepts and returns unchanged: a run keeps its settings with their defaults.
   */
  readonly settings: z.ZodType<Settings>;
  /** Returns the hyperparameters of the task with these settings. */
  hyperparameters(settings: Settings): readonly HyperparameterDefinition[];
  /** Returns what follows `<kind>/` in labels, such as the data set; default: nothing. */
  label?(settings: Settings): string;
  /** Returns what the score is called; default: `score`. Higher is better. */
  score?(settings: Settings): string;
  /**
   * Looks at what the settings name, such as files, before anything is planned. Returns every error; paths begin in the
   * settings. Default: nothing is looked at. A trainer is free again when it returns: it should take seconds at most.
   */
  check?(
    settings: Settings,
    places: Pick<SessionContext, 'dataDirectory'>,
  ): readonly TaskComplaint[] | Promise<readonly TaskComplaint[]>;
  /** Estimates a checkpoint's bytes; null, and the default: not known beforehand. */
  checkpointBytes?(settings: Settings): number | null;
  /**
   * Opens an uninitialised session, which the caller disposes of. Data that sessions share stays cached in the process.
   *
   * @throws Error if the task's data is missing or wrong
   */
  open(settings: Settings, context: SessionContext): Session | Promise<Session>;
}

/** Returns the definition, with its types inferred. */
export function defineTask<Settings>(definition: TaskDefinition<Settings>): TaskDefinition<Settings> {
  return definition;
}
