/**
 * What a stack can be asked for, by code and by the options that `npm start` and `npm run stack` share.
 */
import { resolve } from 'node:path';
import { identifier, oneOf, wholeNumber } from '../processes/command-line.ts';
import { LOCAL } from '../processes/programs.ts';

export interface StackOptions {
  /** State, logs and caches lie under it; default the checkout's `.local`. One stack per directory. */
  readonly directory?: string | undefined;
  /**
   * Default: `own` where the environment names one (TEMPORAL_ADDRESS, TEMPORAL_PROFILE; AWS_ENDPOINT_URL_S3,
   * AWS_ENDPOINT_URL), else `local`.
   */
  readonly temporal?: 'local' | 'own' | undefined;
  readonly s3?: 'local' | 'own' | undefined;
  /** Task queue of the workflows; default `fire-pbt`. */
  readonly queue?: string | undefined;
  /** Default: one per GPU, else one per core. */
  readonly trainers?: number | undefined;
  /** Threads of each trainer, which must be those of the specifications it serves; default 1. */
  readonly threads?: number | undefined;
  /** First choices: taken ones are stepped around. */
  readonly ports?: { readonly temporal?: number; readonly webUi?: number; readonly s3?: number };
  /** Bucket to ask for in S3 of one's own; default `fire-pbt`. */
  readonly bucket?: string | undefined;
  /** Further `key=value` settings of the Temporal server. */
  readonly dynamicConfig?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Ends what was started so far, if it comes before the stack is ready. */
  readonly abandoned?: AbortSignal;
  /** Gets a line whenever there is something to tell; default: nobody does. */
  readonly say?: (line: string) => void;
}

export const STACK_OPTIONS = {
  trainers: { type: 'string' },
  'task-queue': { type: 'string' },
  temporal: { type: 'string' },
  s3: { type: 'string' },
  directory: { type: 'string' },
} as const;

/** Their lines in `--help`. */
export const STACK_HELP = `
  --trainers N           trainer processes (one per GPU, else one per core)
  --task-queue NAME      task queue of the workflows (fire-pbt)
  --temporal local|own   own: the server that TEMPORAL_ADDRESS or a profile names
                         (own if TEMPORAL_ADDRESS or TEMPORAL_PROFILE is set)
  --s3 local|own         own: the S3 that the AWS SDK's environment and profiles name
                         (own if AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is set)
  --directory DIRECTORY  where state, objects and logs are kept (.local)
  --help                 this text`.slice(1);

/** Checks the options and returns them by their meaning. @throws UserError naming the option that is wrong */
export function readStackOptions(options: { readonly [name in keyof typeof STACK_OPTIONS]?: string | undefined }) {
  return {
    directory: options.directory === undefined ? LOCAL : resolve(options.directory),
    trainers: wholeNumber('trainers', options.trainers, 1, 1024),
    queue: identifier('task-queue', options['task-queue']),
    temporal: oneOf('temporal', options.temporal, ['local', 'own']),
    s3: oneOf('s3', options.s3, ['local', 'own']),
  } satisfies Partial<StackOptions>;
}
