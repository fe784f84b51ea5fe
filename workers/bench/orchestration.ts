/**
 * What orchestration costs, with training that takes no time: seconds a round, and the longest history of each workflow
 * beside its budget and Temporal's suggestion to continue as new. Ends with 1 where a history is longer than the
 * suggestion and one round, or than its budget.
 */
import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyBudget } from '../../activities/specification/history-budget.ts';
import { TEMPORAL_LIMITS } from '../../activities/specification/temporal-limits.ts';
import type { HistoryDemand } from '../../activities/specification/demand.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import { firePbt } from '../../workflows/run/fire-pbt.ts';
import { startHarness } from '../../test/workflows/run-harness.ts';
import { createStandIns, toySpecification } from '../../test/workflows/stand-ins.ts';

/** `--small`: a minute less. */
const SMALL = process.argv.includes('--small');
const EIGHT = { members: 8, evaluators: 6 };
const RUNS: readonly (readonly [title: string, specification: Specification])[] = SMALL
  ? [['8 + 8 + 6, 10 rounds', shaped(10, [{ members: 8, evaluators: 0 }, EIGHT])]]
  : [
      ['8 + 8 + 6, 100 rounds', shaped(100, [{ members: 8, evaluators: 0 }, EIGHT])],
      ['50 workers (n = 4), 100 rounds', shaped(100, [{ members: 8, evaluators: 0 }, EIGHT, EIGHT, EIGHT])],
      [
        '200 members (100 + 100, 75 evaluators), 20 rounds',
        shaped(20, [
          { members: 100, evaluators: 0 },
          { members: 100, evaluators: 75 },
        ]),
      ],
    ];

const harness = await startHarness();
let broken = false;
for (const [title, specification] of RUNS) {
  const workflowId = `bench-${randomUUID()}`;
  const taskQueue = workflowId;
  const rounds = specification.steps / specification.stepsPerRound;
  const startedAt = performance.now();
  await harness.withWorkers(taskQueue, createStandIns(), () =>
    harness.client.workflow.execute(firePbt, { taskQueue, workflowId, args: [specification] }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const budget = historyBudget(specification, workflowId);
  console.log(`\n${title}: ${seconds.toFixed(1)} s, ${(seconds / rounds).toFixed(2)} s a round\n`);
  console.log('| workflow | runs of its chain | events of the longest | bytes | budget |\n|---|---|---|---|---|');
  const levels = specification.subPopulations.map(
    (_, index) => [`P${index + 1}`, budget.subPopulations[index]] as const,
  );
  const evaluators = specification.subPopulations.flatMap((one, index) =>
    one.evaluators > 0 ? [[`P${index + 1}/evaluator-0`, budget.evaluator] as const] : [],
  );
  for (const [name, demand] of [['', budget.root] as const, ...levels, ...evaluators]) {
    const { runs, events, bytes } = await longestOf(harness.client, name === '' ? workflowId : `${workflowId}/${name}`);
    const within = isWithin(name === '', events, bytes, demand);
    broken ||= !within;
    console.log(
      `| ${name || 'root'} | ${runs} | ${events} | ${bytes} | ${demand?.longest.events} events, ${demand?.longest.bytes} bytes${within ? '' : ': BROKEN'} |`,
    );
  }
}
await harness.stop();
process.exit(broken ? 1 : 0);

/** Twenty measurements a round, as the toys have. */
function shaped(rounds: number, subPopulations: Specification['subPopulations']): Specification {
  return toySpecification({ steps: 20 * rounds, subPopulations });
}

/** The suggestion holds for whoever can follow it; a root cannot. */
function isWithin(isRoot: boolean, events: number, bytes: number, demand: HistoryDemand | undefined): boolean {
  if (demand === undefined || events > demand.longest.events || bytes > demand.longest.bytes) return false;
  return (
    isRoot ||
    (events <= TEMPORAL_LIMITS.suggestedEvents + demand.perRound.events &&
      bytes <= TEMPORAL_LIMITS.suggestedBytes + demand.perRound.bytes)
  );
}

/** Walks a chain back from its newest run. */
async function longestOf(client: Client, workflowId: string): Promise<{ runs: number; events: number; bytes: number }> {
  const longest = { runs: 0, events: 0, bytes: 0 };
  for (let runId: string | undefined = ''; runId !== undefined;) {
    const handle: WorkflowHandle = client.workflow.getHandle(workflowId, runId || undefined);
    const [description, history] = [await handle.describe(), await handle.fetchHistory()];
    longest.runs += 1;
    longest.events = Math.max(longest.events, description.historyLength);
    longest.bytes = Math.max(longest.bytes, description.historySize ?? 0);
    runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  return longest;
}
