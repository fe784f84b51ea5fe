/**
 * `npm run chaos`: trains a real run while it kills parts of the stack at random moments, or makes the servers
 * unavailable for a minute. Compares the result with that of an undisturbed run of the same specification.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Client } from '@temporalio/client';
import type { ResultSummary } from '../../activities/contracts/run.ts';
import { registryWith } from '../../activities/tasks/shipped.ts';
import { readOptions, parseWholeNumber } from '../processes/command-line.ts';
import { readExperiment } from '../processes/experiment.ts';
import { UserError, runProcess } from '../processes/user-error.ts';
import { startStack } from '../stack/local-stack.ts';
import type { LocalStack } from '../stack/local-stack.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import { shortDuration } from '../terminal/figures.ts';
import { watchWorkflow } from '../processes/watch-workflow.ts';
import { randomStream } from '../../workflows/algorithm/index.ts';
import { progressQuery } from '../../workflows/messages.ts';
import type { RunProgress } from '../../activities/contracts/messages.ts';
import { startBreakableStack } from '../../test/chaos/breakable-stack.ts';
import type { BreakableStack } from '../../test/chaos/breakable-stack.ts';
import { outcomeOf } from '../chaos/outcome.ts';

const HELP = `
Runs a specification twice on a temporary stack: undisturbed, then disturbed. Exits with 1 unless both runs have the
same decisions, winner and weights.

  --kills N           number of kills: each is a kill -9 of one part (Temporal, S3, orchestrator or a trainer) at a
                      random moment (50)
  --every SECONDS     average time between two kills (4)
  --seed N            seed of the random moments and parts (0)
  --outages           cause outages instead of kills: S3 refuses connections, S3 resets them, Temporal is down
  --outage-seconds N  duration of each outage (60)
  --input-file FILE   the specification (experiments/fashion-mnist.json)
  --help              show this text`;

/** Time before each outage. */
const PAUSE_MS = 15_000;

/** Disturbs a run as long as `isRunning` returns true, logs what it does, and returns a summary. */
type Disturbance = (isRunning: () => boolean, log: (line: string) => void) => Promise<string>;

await runProcess(async () => {
  const options = readOptions(
    {
      kills: { type: 'string', default: '50' },
      every: { type: 'string', default: '4' },
      seed: { type: 'string', default: '0' },
      outages: { type: 'boolean', default: false },
      'outage-seconds': { type: 'string', default: '60' },
      'input-file': { type: 'string', default: 'experiments/fashion-mnist.json' },
    },
    HELP,
  );
  const kills = parseWholeNumber('kills', options.kills, 1, 10_000) ?? 0;
  const everySeconds = parseWholeNumber('every', options.every, 1, 3600) ?? 0;
  const seed = parseWholeNumber('seed', options.seed, 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const outageMs = 1000 * (parseWholeNumber('outage-seconds', options['outage-seconds'], 1, 3600) ?? 0);
  const { input, workflowType, threads } = readExperiment(options['input-file'], registryWith().describe);
  if (workflowType !== 'firePbt')
    throw new UserError(`Expected ${options['input-file']} to be one specification, got a comparison`);

  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-chaos-'));
  let same: boolean | undefined;
  try {
    same = options.outages
      ? await withBreakableStack(directory, (breakable) =>
          compare(breakable.stack, breakable.client, input, outages(breakable, outageMs)),
        )
      : await withLocalStack(directory, threads, (stack, client) =>
          compare(stack, client, input, killing(stack, kills, everySeconds, seed)),
        );
  } finally {
    if (same === false) console.log(`The stack's directory is kept: ${directory}`);
    else rmSync(directory, { recursive: true, maxRetries: 5 });
  }
  return same ? 0 : 1;
});

async function withLocalStack<T>(
  directory: string,
  threads: number,
  use: (stack: LocalStack, client: Client) => Promise<T>,
): Promise<T> {
  const stack = await startStack({
    directory,
    threads,
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
  specification: unknown,
  disturbance: Disturbance,
): Promise<boolean> {
  const undisturbed = await run(stack, client, 'undisturbed', specification, async () => 'no disturbance');
  const disturbed = await run(stack, client, 'disturbed', specification, disturbance);
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
  specification: unknown,
  disturbance: Disturbance,
): Promise<ResultSummary> {
  const startedAtMs = performance.now();
  const handle = await client.workflow.start('firePbt', { workflowId, taskQueue: stack.queue, args: [specification] });
  let progress: RunProgress | undefined;
  let over = false;
  const elapsed = (): string => shortDuration((performance.now() - startedAtMs) / 1000);
  const log = (line: string): void =>
    console.log(`${elapsed().padStart(12)}  round ${progress?.round ?? 0} of ${progress?.rounds ?? '?'}  ${line}`);
  console.log(`\n${workflowId}:`);
  const result = watchWorkflow<RunProgress, ResultSummary>(
    handle,
    progressQuery,
    (newest) => void (progress = newest),
  ).finally(() => (over = true));
  const [summary, disturbances] = await Promise.all([result, disturbance(() => !over, log)]);
  console.log(`${workflowId} took ${elapsed()} for ${summary.rounds} rounds of real training; ${disturbances}`);
  return summary;
}

/** Kills running parts with SIGKILL. @throws UserError if the run ends before all kills */
function killing(stack: LocalStack, kills: number, everySeconds: number, seed: number): Disturbance {
  return async (isRunning, log) => {
    const random = randomStream(seed, 'chaos');
    const killed = new Map<string, number>();
    for (let kill = 1; kill <= kills; kill += 1) {
      await delay(1000 * everySeconds * (0.25 + 1.5 * random.next()));
      const up = stack.parts.filter((part) => stack.processId(part) !== undefined);
      const victim = up[random.integer(Math.max(1, up.length))];
      if (!isRunning())
        throw new UserError(
          `The run ended after ${kill - 1} of ${kills} kills: specify more \`steps\`, or a shorter time with --every`,
        );
      if (victim === undefined) continue;
      log(`kill ${kill} of ${kills}: kill -9 ${victim} (process ${stack.processId(victim)})`);
      stack.kill(victim);
      killed.set(victim, (killed.get(victim) ?? 0) + 1);
    }
    return `${kills} kills: ${[...killed]
      .map(([part, count]) => `${part} ${count}`)
      .sort()
      .join(', ')}`;
  };
}

/** Causes the outages one after the other. @throws UserError if the run ends before all outages */
function outages({ s3, withoutTemporal }: BreakableStack, outageMs: number): Disturbance {
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
