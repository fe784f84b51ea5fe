/**
 * `npm run chaos`: trains a real run while parts of its stack are killed at random moments, or its servers are away for
 * a minute, and compares what came out with an undisturbed run of the same specification.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Client } from '@temporalio/client';
import type { ResultSummary } from '../../activities/contracts/run.ts';
import { readOptions, wholeNumber } from '../processes/command-line.ts';
import { readExperiment } from '../processes/experiment.ts';
import { UserError, runProcess } from '../processes/user-error.ts';
import { startStack } from '../stack/local-stack.ts';
import type { LocalStack } from '../stack/local-stack.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import { shortDuration } from '../terminal/figures.ts';
import { follow } from '../processes/watching.ts';
import { randomStream } from '../../workflows/algorithm/index.ts';
import { progressQuery } from '../../workflows/messages.ts';
import type { RunProgress } from '../../activities/contracts/messages.ts';
import { startBreakableStack } from '../../test/chaos/breakable-stack.ts';
import type { BreakableStack } from '../../test/chaos/breakable-stack.ts';
import { outcomeOf } from '../chaos/outcome.ts';

const HELP = `
Runs a specification twice on a stack of its own, undisturbed and under attack. Ends with 1 unless both runs come to the
same decisions, winner and weights.

  --kills N           how many times to kill -9 a part (Temporal server, S3 server, orchestrator, trainers), at random
                      moments (50)
  --every SECONDS     average time from one kill to the next (4)
  --seed N            of the random moments and victims (0)
  --outages           instead of kills: S3 refuses connections, S3 resets them, Temporal is down, each for a while
  --outage-seconds N  how long each takes (60)
  --input-file FILE   the specification (experiments/fashion-mnist.json)
  --help              this text`;

const PEACE_MS = 15_000;

/** What disturbs a run: it acts while `alive` says that the run goes on, and returns what it did. */
type Attack = (alive: () => boolean, tell: (line: string) => void) => Promise<string>;

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
  const kills = wholeNumber('kills', options.kills, 1, 10_000) ?? 0;
  const everySeconds = wholeNumber('every', options.every, 1, 3600) ?? 0;
  const seed = wholeNumber('seed', options.seed, 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const outageMs = 1000 * (wholeNumber('outage-seconds', options['outage-seconds'], 1, 3600) ?? 0);
  const { input, workflowType, threads } = readExperiment(options['input-file']);
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
    if (same === false) console.log(`Everything is kept in ${directory}`);
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

/** Runs the specification in peace, then under attack; tells both results and returns whether they are the same. */
async function compare(stack: LocalStack, client: Client, specification: unknown, attack: Attack): Promise<boolean> {
  const undisturbed = await run(stack, client, 'undisturbed', specification, async () => 'nothing was done to it');
  const disturbed = await run(stack, client, 'disturbed', specification, attack);
  const [expected, found] = [outcomeOf(undisturbed), outcomeOf(disturbed)];
  const same = isDeepStrictEqual(found, expected);
  console.log(
    `\nundisturbed  ${JSON.stringify(expected)}\ndisturbed    ${JSON.stringify(found)}\n` +
      `${same ? 'The same decisions, winner and weights.' : 'DIFFERENT.'}`,
  );
  return same;
}

async function run(
  stack: LocalStack,
  client: Client,
  workflowId: string,
  specification: unknown,
  attack: Attack,
): Promise<ResultSummary> {
  const startedAtMs = performance.now();
  const handle = await client.workflow.start('firePbt', { workflowId, taskQueue: stack.queue, args: [specification] });
  let progress: RunProgress | undefined;
  let over = false;
  const elapsed = (): string => shortDuration((performance.now() - startedAtMs) / 1000);
  const tell = (line: string): void =>
    console.log(`${elapsed().padStart(12)}  round ${progress?.round ?? 0} of ${progress?.rounds ?? '?'}  ${line}`);
  console.log(`\n${workflowId}:`);
  const result = follow<RunProgress, ResultSummary>(
    handle,
    progressQuery,
    (newest) => void (progress = newest),
  ).finally(() => (over = true));
  const attacked = attack(() => !over, tell);
  const [reached, deeds] = await Promise.all([result, attacked]);
  console.log(`${workflowId} took ${elapsed()} for ${reached.rounds} rounds of real training; ${deeds}`);
  return reached;
}

/** Kills parts with SIGKILL, those that are up. @throws UserError where the run ends before all kills */
function killing(stack: LocalStack, kills: number, everySeconds: number, seed: number): Attack {
  return async (alive, tell) => {
    const random = randomStream(seed, 'chaos');
    const killed = new Map<string, number>();
    for (let kill = 1; kill <= kills; kill += 1) {
      await delay(1000 * everySeconds * (0.25 + 1.5 * random.next()));
      const up = stack.parts.filter((part) => stack.processId(part) !== undefined);
      const victim = up[random.integer(Math.max(1, up.length))];
      if (!alive())
        throw new UserError(
          `The run ended after ${kill - 1} of ${kills} kills: give it more steps, or make them follow more ` +
            `closely with --every`,
        );
      if (victim === undefined) continue;
      tell(`kill ${kill} of ${kills}: kill -9 ${victim} (process ${stack.processId(victim)})`);
      stack.kill(victim);
      killed.set(victim, (killed.get(victim) ?? 0) + 1);
    }
    return `${kills} kills: ${[...killed]
      .map(([part, count]) => `${part} ${count}`)
      .sort()
      .join(', ')}`;
  };
}

/**
 * Takes the servers away, one after the other, with as much peace in between. @throws UserError where the run ends
 * before all outages
 */
function outages({ s3, withoutTemporal }: BreakableStack, outageMs: number): Attack {
  return async (alive, tell) => {
    const passing = `for ${shortDuration(outageMs / 1000)}`;
    const trials: readonly (readonly [string, () => Promise<void>])[] = [
      ['S3 refuses connections', async () => (await s3.refuse(), await delay(outageMs), s3.forward())],
      [
        'S3 resets connections after 20,000 bytes',
        async () => (await s3.reset(20_000), await delay(outageMs), s3.forward()),
      ],
      ['Temporal is dead', () => withoutTemporal(() => delay(outageMs))],
    ];
    for (const [what, trial] of trials) {
      await delay(PEACE_MS);
      if (!alive()) throw new UserError(`The run ended before "${what}": give it more steps`);
      tell(`${what} ${passing}`);
      await trial();
      tell('over');
    }
    return trials.map(([what]) => `${what} ${passing}`).join('; ');
  };
}
