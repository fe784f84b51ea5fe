/**
 * Formats the addresses of the stack's parts and the first commands to use with them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DATA, displayPath, PACKAGE } from '../processes/places.mjs';
import { commandFor } from '../processes/programs.ts';
import type { StackRecord } from '../stack/running-stack.ts';
import { shellWord } from '../../workflows/population/names.ts';
import { formatCount } from '../../workflows/population/figures.ts';

const DEFAULT_ADDRESS = '127.0.0.1:7233';

/**
 * Describes the running stack. Returns several lines, without secrets. The experiment that it names is one for which
 * `dataDirectory` has the data.
 */
export function formatStack(
  { temporal, s3, queue, trainers, threads, pages }: StackRecord,
  dataDirectory: string = DATA,
): string {
  const experiment = existsSync(join(dataDirectory, 'fashion-mnist')) ? 'fashion-mnist.json' : 'toy-deceptive.json';
  return [
    `Temporal   ${temporal.address}, namespace ${temporal.namespace}${temporal.own ? ' (your own)' : ''}`,
    ...(temporal.webUi === null ? [] : [`Web UI     ${temporal.webUi}`]),
    `Pages      ${pages}`,
    `S3         ${s3.endpoint ?? 'the default of the AWS SDK'}` +
      `${s3.own ? ' (your own)' : `, credentials in ${displayPath(s3.credentialsFile ?? '')}`}`,
    `Workers    an orchestrator on task queue ${queue}, ${formatCount(trainers, 'trainer')} with ` +
      `${formatCount(threads, 'thread')}${trainers === 1 ? '' : ' each'}`,
    '',
    'Start a run:',
    `  ${temporalCommand({ temporal })} workflow start --type firePbt --task-queue ${shellWord(queue)} --workflow-id ` +
      `my-run --input-file ${shellWord(displayPath(join(PACKAGE, 'experiments', experiment)))}`,
    ...(s3.own || s3.endpoint === null
      ? []
      : [
          'List the objects:',
          `  AWS_SHARED_CREDENTIALS_FILE=${shellWord(displayPath(s3.credentialsFile ?? ''))} aws --endpoint-url ` +
            `${s3.endpoint} s3 ls --recursive s3://fire-pbt/`,
        ]),
    '',
    'Press Ctrl-C to stop the stack. Unfinished runs resume at the next start.',
  ].join('\n');
}

/** Returns the command for the Temporal CLI, with the address of the stack's server if it is not the default. */
export function temporalCommand({ temporal }: Pick<StackRecord, 'temporal'>): string {
  return [
    shellWord(commandFor('temporal', process.env)),
    ...(temporal.own || temporal.address === DEFAULT_ADDRESS ? [] : ['--address', temporal.address]),
  ].join(' ');
}
