/**
 * Measures the cost of orchestration with training that takes no time.
 */
import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyBudget } from '../../activities/specification/history-budget.ts';
import { TEMPORAL_LIMITS } from '../../activities/specification/temporal-limits.ts';
import type { HistoryDemand } from '../../activities/specification/demand.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import { firePbt } from '../../workflows/run/fire-pbt.ts';
import { startHarness } from '../../test/workflows/run-harness.ts';
import type { Harness } from '../../test/workflows/run-harness.ts';
import { createStandIns, toySpecification } from '../../test/workflows/stand-ins.ts';

const EIGHT = { members: 8, evaluators: 6 };
const LOWEST = { members: 8, evaluators: 0 };

type Benchmark = readonly [title: string, specification: Specification];

const SMALL: readonly Benchmark[] = [['8 + 8 + 6, 10 rounds', specificationOf(10, [LOWEST, EIGHT])]];
const ALL: readonly Benchmark[] = [
  ['8 + 8 + 6, 100 rounds', specificationOf(100, [LOWEST, EIGHT])],
  ['50 workers (n = 4), 100 rounds', specificationOf(100, [LOWEST, EIGHT, EIGHT, EIGHT])],
  [
    '200 members (100 + 100, 75 evaluators), 20 rounds',
    specificationOf(20, [
      { members: 100, evaluators: 0 },
      { members: 100, evaluators: 75 },
    ]),
  ],
];

/**
 * Prints the seconds per round, and the longest history of each workflow with its budget. Returns whether every history
 * stays within its budget and, except for the root, at most one round beyond Temporal's suggestion to continue as new.
 */
export async function benchOrchestration(small: boolean): Promise<boolean> {
  const harness = await startHarness();
  let within = true;
  for (const one of small ? SMALL : ALL) within = (await bench(harness, one)) && within;
  await harness.stop();
  return within;
}

async function bench(harness: Harness, [title, specification]: Benchmark): Promise<boolean> {
  const workflowId = `bench-${randomUUID()}`;
  const taskQueue = workflowId;
  const startMs = performance.now();
  await harness.withWorkers(taskQueue, createStandIns(), () =>
    harness.client.workflow.execute(firePbt, { taskQueue, workflowId, args: [specification] }),
  );
  const seconds = (performance.now() - startMs) / 1000;
  const rounds = specification.steps / specification.stepsPerRound;
  console.log(`\n${title}: ${seconds.toFixed(1)} s, ${(seconds / rounds).toFixed(2)} s per round\n`);
  console.log('| workflow | runs | events of the longest | bytes | budget |\n|---|---|---|---|---|');
  let allWithin = true;
  for (const [name, demand] of demandsOf(specification, workflowId)) {
    const id = name === 'root' ? workflowId : `${workflowId}/${name}`;
    const { runs, events, bytes } = await longestOf(harness.client, id);
    const within = isWithin(name === 'root', events, bytes, demand);
    allWithin &&= within;
    const budget = `${demand?.longest.events} events, ${demand?.longest.bytes} bytes`;
    console.log(`| ${name} | ${runs} | ${events} | ${bytes} | ${budget}${within ? '' : ': EXCEEDED'} |`);
  }
  return allWithin;
}

/** Returns the budgets of the root, the sub-populations, and one evaluator of each. */
function demandsOf(
  specification: Specification,
  workflowId: string,
): readonly (readonly [name: string, demand: HistoryDemand | undefined])[] {
  const budget = historyBudget(specification, workflowId);
  return [
    ['root', budget.root],
    ...budget.subPopulations.map((demand, index) => [`P${index + 1}`, demand] as const),
    ...specification.subPopulations.flatMap(({ evaluators }, index) =>
      evaluators > 0 ? [[`P${index + 1}/evaluator-0`, budget.evaluator] as const] : [],
    ),
  ];
}

/** Returns a specification of the toy task, which makes twenty measurements per round. */
function specificationOf(rounds: number, subPopulations: Specification['subPopulations']): Specification {
  return toySpecification({ steps: 20 * rounds, subPopulations });
}

/** Ignores the suggestion to continue as new for the root, which cannot continue as new. */
function isWithin(isRoot: boolean, events: number, bytes: number, demand: HistoryDemand | undefined): boolean {
  if (demand === undefined || events > demand.longest.events || bytes > demand.longest.bytes) return false;
  return (
    isRoot ||
    (events <= TEMPORAL_LIMITS.suggestedEvents + demand.perRound.events &&
      bytes <= TEMPORAL_LIMITS.suggestedBytes + demand.perRound.bytes)
  );
}

/** Returns the longest history of a chain of runs. Walks back from the newest run. */
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
