/**
 * Where the stack's parts are and what to do with them, in words for the terminal.
 */
import { relative } from 'node:path';
import { calledAs } from '../processes/programs.ts';
import type { StackRecord } from '../stack/running-stack.ts';

const DEFAULT_ADDRESS = '127.0.0.1:7233';

/** Returns the lines; nothing secret is among them. */
export function formatStack({ temporal, s3, queue, trainers, threads }: StackRecord): string {
  return [
    `Temporal   ${temporal.address}, namespace ${temporal.namespace}${temporal.own ? ' (your own)' : ''}`,
    ...(temporal.webUi === null ? [] : [`Web UI     ${temporal.webUi}`]),
    `S3         ${s3.endpoint ?? 'as the AWS SDK finds it'}` +
      `${s3.own ? ' (your own)' : `, credentials in ${shown(s3.credentialsFile)}`}`,
    `Workers    an orchestrator on task queue ${queue}, ${trainers} ${trainers === 1 ? 'trainer' : 'trainers'} ` +
      `of ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    '',
    'Start a run:',
    `  ${temporalCommand({ temporal })} workflow start --type firePbt --task-queue ${queue} --workflow-id ` +
      `my-run --input-file experiments/fashion-mnist.json`,
    ...(s3.own || s3.endpoint === null
      ? []
      : [
          'Look at its objects:',
          `  AWS_SHARED_CREDENTIALS_FILE=${shown(s3.credentialsFile)} aws --endpoint-url ${s3.endpoint} s3 ls ` +
            `--recursive s3://fire-pbt/`,
        ]),
    '',
    'Ctrl-C ends it; unfinished runs go on at the next start.',
  ].join('\n');
}

/** The Temporal CLI with what it needs to find the stack's server. */
export function temporalCommand({ temporal }: Pick<StackRecord, 'temporal'>): string {
  return [
    calledAs('temporal', process.env),
    ...(temporal.own || temporal.address === DEFAULT_ADDRESS ? [] : ['--address', temporal.address]),
  ].join(' ');
}

function shown(file: string | null): string {
  if (file === null) return '';
  const inside = relative(process.cwd(), file);
  return inside.startsWith('..') ? file : inside;
}
