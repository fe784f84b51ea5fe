/**
 * The options of a stack, in code and on the command lines of `npm start` and `npm run stack`.
 */
import { resolve } from 'node:path';
import { parseIdentifier, parseChoice, parseWholeNumber } from '../processes/command-line.ts';
import { taskFiles, TASKS_OPTION, tasksArguments } from '../own-tasks/options.ts';
import { displayPath, LOCAL } from '../processes/places.mjs';
import type { StackRecord } from './running-stack.ts';

/** Task queue of the workflows, unless the options name another. */
export const DEFAULT_QUEUE = 'fire-pbt';

export interface StackOptions {
  /** Folder of the state and the logs; one stack per directory. Default: the folder of set-up. */
  readonly directory?: string | undefined;
  /**
   * Whose server to use. Default: `own` if the environment names one (TEMPORAL_ADDRESS, TEMPORAL_PROFILE;
   * AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL), else `local`.
   */
  readonly temporal?: 'local' | 'own' | undefined;
  readonly s3?: 'local' | 'own' | undefined;
  /** Task queue of the workflows; default `fire-pbt`. */
  readonly queue?: string | undefined;
  /** Number of trainers; default: one per GPU, else one per core. */
  readonly trainers?: number | undefined;
  /** Threads of each trainer; must equal `threads` of the specifications. Default: 1. */
  readonly threads?: number | undefined;
  /** Threads in which each trainer steps an agent's environments. Default: 1. */
  readonly environmentThreads?: number | undefined;
  /** Files with tasks of the user, absolute; default: none. */
  readonly tasks?: readonly string[] | undefined;
  /** Preferred ports. If one is taken, the server uses another. */
  readonly ports?: {
    readonly temporal?: number;
    readonly webUi?: number;
    readonly s3?: number;
    readonly pages?: number;
  };
  /** Bucket with which to test the user's own S3; default `fire-pbt`. */
  readonly bucket?: string | undefined;
  /** Additional `key=value` settings of the Temporal server. */
  readonly dynamicConfig?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Aborts the start: stops the parts that have been started so far. */
  readonly abandoned?: AbortSignal;
  /** Receives lines for the terminal; default: nothing does. */
  readonly say?: (line: string) => void;
}

export const STACK_OPTIONS = {
  trainers: { type: 'string' },
  'environment-threads': { type: 'string' },
  'task-queue': { type: 'string' },
  temporal: { type: 'string' },
  s3: { type: 'string' },
  directory: { type: 'string' },
  ...TASKS_OPTION,
} as const;

/** What the options of a command line say of its stack. */
export type StackOptionValues = {
  readonly [name in Exclude<keyof typeof STACK_OPTIONS, 'tasks'>]?: string | undefined;
} & { readonly tasks?: readonly string[] | undefined };

/** Validates the options and returns their values. @throws UserError naming the invalid option */
export function readStackOptions(options: StackOptionValues) {
  return {
    directory: options.directory === undefined ? LOCAL : resolve(options.directory),
    trainers: parseWholeNumber('trainers', options.trainers, 1, 1024),
    environmentThreads: parseWholeNumber('environment-threads', options['environment-threads'], 1, 256),
    queue: parseIdentifier('task-queue', options['task-queue']),
    temporal: parseChoice('temporal', options.temporal, ['local', 'own']),
    s3: parseChoice('s3', options.s3, ['local', 'own']),
    tasks: options.tasks && taskFiles(options.tasks),
  } satisfies Partial<StackOptions>;
}

/** What a running stack says of itself that another start of it needs. */
type Restarted = Pick<StackRecord, 'threads' | 'queue' | 'tasks'>;

/** Returns the arguments with which `npm run stack` starts a stack again: as given, with the threads that it had. */
export function stackArguments(options: StackOptionValues, { threads, queue, tasks }: Restarted): readonly string[] {
  return [
    ...(['trainers', 'environment-threads', 'temporal', 's3', 'directory'] as const).flatMap((name) =>
      options[name] === undefined ? [] : [`--${name}`, options[name]],
    ),
    ...(threads === 1 ? [] : ['--threads', String(threads)]),
    ...(queue === DEFAULT_QUEUE ? [] : ['--task-queue', queue]),
    ...tasksArguments(tasks.map(displayPath)),
  ];
}

/**
 * Returns the arguments with which `npm start` goes on: as given, with what a stack that somebody else started had
 * beside.
 */
export function startArguments(
  given: readonly string[],
  options: StackOptionValues,
  { queue, tasks }: Restarted,
): readonly string[] {
  const named = taskFiles(options.tasks);
  return [
    ...given,
    ...((options['task-queue'] ?? DEFAULT_QUEUE) === queue ? [] : ['--task-queue', queue]),
    ...tasksArguments(tasks.filter((file) => !named.includes(file)).map(displayPath)),
  ];
}
