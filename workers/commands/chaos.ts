/**
 * `npm run chaos`: trains a real run while it kills parts of the stack at random moments, or makes the servers
 * unavailable for a minute. Compares the result with that of an undisturbed run of the same specification, and says how
 * long the run stood still, and why.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Client } from '@temporalio/client';
import type { ResultSummary } from '../../activities/contracts/result.ts';
import { registryWith } from '../../activities/tasks/shipped.ts';
import { readOptions, parseWholeNumber } from '../processes/command-line.ts';
import { readExperiment } from '../processes/experiment.ts';
import { UserError, runProcess } from '../processes/user-error.ts';
import { startStack } from '../stack/local-stack.ts';
import type { LocalStack } from '../stack/local-stack.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import { shortDuration } from '../../workflows/population/figures.ts';
import { watchWorkflow } from '../processes/watch-workflow.ts';
import { algorithmOf, WORKFLOW_TYPES } from '../../workflows/population/names.ts';
import { progressQuery } from '../../workflows/messages.ts';
import type { RunProgress } from '../../activities/contracts/messages.ts';
import { startBreakableStack } from '../../test/chaos/breakable-stack.ts';
import type { BreakableStack } from '../../test/chaos/breakable-stack.ts';
import { InvalidSpecification, parseSpecification } from '../../activities/specification/parsing.ts';
import { kill } from '../chaos/disturbances.ts';
import type { Disturbance } from '../chaos/disturbances.ts';
import { outcomeOf } from '../chaos/outcome.ts';
import { lookAt } from '../chaos/sight.ts';
import { formatStandstill, Standstills } from '../chaos/standstills.ts';
import type { StackOptions } from '../stack/options.ts';
import { TOOL_HELP } from './tool-help.mjs';

/** Time before each outage. */
const PAUSE_MS = 15_000;
/** Between two looks at the run. */
const LOOK_EVERY_MS = 500;
/** Number of standstills that are printed. */
const PRINTED_STANDSTILLS = 3;

await runProcess(async () => {
  const options = readOptions(
    {
      kills: { type: 'string', default: '50' },
      every: { type: 'string', default: '4' },
      seed: { type: 'string', default: '0' },
      outages: { type: 'boolean', default: false },
      'outage-seconds': { type: 'string', default: '60' },
      'input-file': { type: 'string', default: 'experiments/fashion-mnist.json' },
      change: { type: 'string', default: '{}' },
      'continue-after': { type: 'string' },
    },
    TOOL_HELP.chaos,
  );
  const kills = parseWholeNumber('kills', options.kills, 1, 10_000) ?? 0;
  const everySeconds = parseWholeNumber('every', options.every, 1, 3600) ?? 0;
  const seed = parseWholeNumber('seed', options.seed, 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const outageMs = 1000 * (parseWholeNumber('outage-seconds', options['outage-seconds'], 1, 3600) ?? 0);
  const continueAfter = parseWholeNumber('continue-after', options['continue-after'], 10, 4096);
  const { threads, ...subject } = readSpecification(options['input-file'], options.change);

  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-chaos-'));
  let same: boolean | undefined;
  try {
    same = options.outages
      ? await withBreakableStack(directory, (breakable) =>
          compare(breakable.stack, breakable.client, subject, takeAway(breakable, outageMs)),
        )
      : await withLocalStack({ directory, threads, ...suggesting(continueAfter) }, (stack, client) =>
          compare(stack, client, subject, kill(stack, { kills, everySeconds, seed })),
        );
  } finally {
    if (same === false) console.log(`The stack's directory is kept: ${directory}`);
    else rmSync(directory, { recursive: true, maxRetries: 5 });
  }
  return same ? 0 : 1;
});

/** What is run twice. */
interface Subject {
  readonly specification: unknown;
  readonly workflowType: string;
}

/** Reads the file and replaces fields. @throws UserError if the whole is no specification */
function readSpecification(file: string, change: string): Subject & { readonly threads: number } {
  const { input, workflowType } = readExperiment(file, registryWith().describe);
  if (workflowType === 'compare') throw new UserError(`Expected ${file} to be one specification, got a comparison`);
  try {
    const specification = { ...(input as object), ...(JSON.parse(change) as object) };
    const parsed = parseSpecification(specification, registryWith().describe);
    return { specification, workflowType: WORKFLOW_TYPES[algorithmOf(parsed)], threads: parsed.threads };
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`Expected --change to be JSON: ${error.message}`);
    if (error instanceof InvalidSpecification) throw new UserError(`${file} with --change: ${error.message}`);
    throw error;
  }
}

function suggesting(continueAfter: number | undefined): Pick<StackOptions, 'dynamicConfig'> {
  return continueAfter === undefined
    ? {}
    : { dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${continueAfter}`] };
}

async function withLocalStack<T>(
  options: StackOptions,
  use: (stack: LocalStack, client: Client) => Promise<T>,
): Promise<T> {
  const stack = await startStack({
    ...options,
    temporal: 'local',
    s3: 'local',
    say: (line) => console.log(`          ${line}`),
  });
  const { client, connection } = await connectClient(stack.environment);
  try {
    return await use(stack, client);
  } finally {
    await connection.close();
    await stack.stop();
  }
}

async function withBreakableStack<T>(directory: string, use: (stack: BreakableStack) => Promise<T>): Promise<T> {
  const breakable = await startBreakableStack({ directory, say: (line) => console.log(`          ${line}`) });
  try {
    return await use(breakable);
  } finally {
    await breakable.stop();
  }
}

/** Runs the specification undisturbed, then disturbed. Prints both results and returns whether they are equal. */
async function compare(
  stack: LocalStack,
  client: Client,
  subject: Subject,
  disturbance: Disturbance,
): Promise<boolean> {
  const undisturbed = await run(stack, client, 'undisturbed', subject, async () => 'no disturbance');
  const disturbed = await run(stack, client, 'disturbed', subject, disturbance);
  const [expected, found] = [outcomeOf(undisturbed), outcomeOf(disturbed)];
  const same = isDeepStrictEqual(found, expected);
  console.log(
    `\nundisturbed  ${JSON.stringify(expected)}\ndisturbed    ${JSON.stringify(found)}\n` +
      `${same ? 'Same decisions, winner and weights.' : 'DIFFERENT.'}`,
  );
  return same;
}

async function run(
  stack: LocalStack,
  client: Client,
  workflowId: string,
  { specification, workflowType }: Subject,
  disturbance: Disturbance,
): Promise<ResultSummary> {
  const startedAtMs = performance.now();
  const handle = await client.workflow.start(workflowType, {
    workflowId,
    taskQueue: stack.queue,
    args: [specification],
  });
  let progress: RunProgress | undefined;
  let over = false;
  const elapsed = (): string => shortDuration((performance.now() - startedAtMs) / 1000);
  const standstills = new Standstills();
  const log = (line: string): void => {
    standstills.disturb(performance.now(), line);
    console.log(`${elapsed().padStart(12)}  round ${progress?.round ?? 0} of ${progress?.rounds ?? '?'}  ${line}`);
  };
  console.log(`\n${workflowId}:`);
  const result = watchWorkflow<RunProgress, ResultSummary>(
    handle,
    progressQuery,
    (newest) => void (progress = newest),
  ).finally(() => (over = true));
  const [summary, disturbances] = await Promise.all([
    result,
    disturbance(() => !over, log),
    watchStandstills(client, workflowId, standstills, () => !over),
  ]);
  console.log(`${workflowId} took ${elapsed()} for ${summary.rounds} rounds of real training; ${disturbances}`);
  console.log('It stood still for at most:');
  for (const standstill of standstills.longest(PRINTED_STANDSTILLS))
    console.log(`  ${formatStandstill(standstill, startedAtMs)}`);
  return summary;
}

async function watchStandstills(
  client: Client,
  workflowId: string,
  standstills: Standstills,
  isRunning: () => boolean,
): Promise<void> {
  while (isRunning()) {
    const { position, waitsFor } = await lookAt(client, workflowId);
    if (isRunning()) standstills.see(performance.now(), position, waitsFor);
    await delay(LOOK_EVERY_MS);
  }
}

/** Takes the servers away, one after the other. @throws UserError if the run ends before all outages */
function takeAway({ s3, withoutTemporal }: BreakableStack, outageMs: number): Disturbance {
  return async (isRunning, log) => {
    const duration = `for ${shortDuration(outageMs / 1000)}`;
    const kinds: readonly (readonly [string, () => Promise<void>])[] = [
      ['S3 refuses connections', async () => (await s3.refuse(), await delay(outageMs), s3.forward())],
      [
        'S3 resets connections after 20,000 bytes',
        async () => (await s3.reset(20_000), await delay(outageMs), s3.forward()),
      ],
      ['Temporal is down', () => withoutTemporal(() => delay(outageMs))],
    ];
    for (const [name, cause] of kinds) {
      await delay(PAUSE_MS);
      if (!isRunning()) throw new UserError(`The run ended before "${name}": specify more \`steps\``);
      log(`${name} ${duration}`);
      await cause();
      log('over');
    }
    return kinds.map(([name]) => `${name} ${duration}`).join('; ');
  };
}
