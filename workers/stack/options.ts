/**
 * The options that `npm start` and `npm run stack` share: what stack to run on.
 */
import { resolve } from 'node:path';
import { identifier, oneOf, wholeNumber } from '../processes/command-line.ts';
import type { StackOptions } from './local-stack.ts';
import { LOCAL } from './programs.ts';

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
  --temporal local|own   own: the server that TEMPORAL_ADDRESS or a profile names (own if TEMPORAL_ADDRESS or TEMPORAL_PROFILE is set)
  --s3 local|own         own: what the AWS SDK's environment and profiles name (own if AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is set)
  --directory DIRECTORY  where state, objects and logs are kept (.local)
  --help                 this text`.slice(1);

/** Returns what they say, checked. @throws UserError naming the option that is wrong */
export function readStackOptions(options: { readonly [name in keyof typeof STACK_OPTIONS]?: string | undefined }) {
  return {
    directory: options.directory === undefined ? LOCAL : resolve(options.directory),
    trainers: wholeNumber('trainers', options.trainers, 1, 1024),
    queue: identifier('task-queue', options['task-queue']),
    temporal: oneOf('temporal', options.temporal, ['local', 'own']),
    s3: oneOf('s3', options.s3, ['local', 'own']),
  } satisfies Partial<StackOptions>;
}
