/**
 * Creates the light activities of a run. Their dependencies are an object store, and a client of the Temporal server of
 * the run.
 */
import { Context } from '@temporalio/activity';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { classifyFailures } from './failures.ts';
import { inParallel } from '../workflows/population/in-parallel.ts';
import { adoptRounds } from './runs/adoption.ts';
import { collectCheckpoints } from './storage/collection.ts';
import type { ObjectStore } from './storage/object-store.ts';
import { CheckpointStore } from './storage/checkpoints.ts';
import { findRetrace, findRun } from './comparison/finding.ts';
import { findQuestions, planComparison } from './comparison/planning.ts';
import { summarise, tabulate } from './comparison/table.ts';
import { deleteRun } from './runs/deletion.ts';
import { writeComparisonReport, writeRunReport } from './report/composing.ts';
import { found } from './operations/executions.ts';
import { exportHistories } from './operations/histories.ts';
import type { ComparisonActivities } from './contracts/comparison.ts';
import type { RunActivities } from './contracts/run.ts';
import { findQuestion } from './runs/draft.ts';
import { findLatestRound } from './runs/latest-round.ts';
import { planRun } from './runs/plan.ts';
import { writeResult } from './runs/result.ts';
import { RoundRecords } from './runs/rounds.ts';
import { lookupIn } from './specification/described-task.ts';
import { parseSpecification } from './specification/parsing.ts';
import { secondsSincePoll } from './operations/trainers.ts';
import { watchForInvalidResets } from './operations/watchdog.ts';

/** Maximal number of simultaneous requests. */
const AT_ONCE = 10;

/** All activities of an orchestrator. */
export type OrchestrationActivities = RunActivities & ComparisonActivities;

export interface OrchestrationDependencies {
  readonly objects: ObjectStore;
  /** Client for the namespace of the workflows. */
  readonly client: Client;
}

/** Returns the activities to register with an orchestrator's worker. */
export function createOrchestrationActivities({ objects, client }: OrchestrationDependencies): OrchestrationActivities {
  const rounds = new RoundRecords(objects);
  const checkpoints = new CheckpointStore(objects, 0);
  const classified = classifyFailures<Omit<OrchestrationActivities, 'watchForInvalidResets'>>({
    planRun: (request) =>
      planRun(objects, request, {
        runId: generation(),
        workflowType: Context.current().info.workflowType ?? 'firePbt',
      }),
    findQuestion: (request) => findQuestion(rounds, request),
    findTrainers: async ({ taskQueue }) => ({ secondsSincePoll: await secondsSincePoll(client, taskQueue) }),
    adoptRounds: (adoption) => adoptRounds(rounds, checkpoints, adoption),
    clearLeftovers: async ({ workflowIds, generation }) => ({
      terminated: await clearLeftovers(client, workflowIds, generation),
    }),
    findLatestRound: (request) => findLatestRound(checkpoints, rounds, request),
    setAsideRounds: ({ storage, round, generation }) => rounds.setAside(storage, round, generation),
    saveRound: (request) => rounds.save(request),
    loadRound: (request) => rounds.loadPart(request),
    collectCheckpoints: (request) => collectCheckpoints(objects, rounds, request),
    writeResult: (request) => writeResult(objects, rounds, request),
    findQuestions: async ({ input }) => findQuestions(input),
    planComparison: (request) => planComparison(objects, request),
    findRun: async ({ workflowId, specification, answered }) => {
      await clearLeftovers(client, [workflowId], generation());
      return findRun(
        objects,
        rounds,
        workflowId,
        parseSpecification(specification, lookupIn(answered ? [answered] : [])),
        specification,
      );
    },
    findRetrace: async ({ workflowId, run, seed }) => {
      await clearLeftovers(client, [workflowId], generation());
      return findRetrace(objects, rounds, workflowId, run, seed);
    },
    tabulate: (request) => tabulate(objects, rounds, request),
    summarise: ({ location }) => summarise(rounds, location),
    deleteRun: (request) => deleteRun(objects, client, request),
    writeRunReport: ({ storage }) => writeRunReport(objects, rounds, storage),
    writeComparisonReport: ({ location }) => writeComparisonReport(objects, rounds, location),
    exportHistories: (request) => exportHistories(objects, client, request),
  });
  // Its failure ends the run: nothing but an invalid reset may do that.
  return { ...classified, watchForInvalidResets: (run) => watchForInvalidResets(client, run) };
}

/** Run id of the workflow that asks. */
function generation(): string {
  return Context.current().info.workflowExecution?.runId ?? '';
}

/**
 * Terminates the running children of other generations of a run's root, and returns their ids. Does not terminate
 * workflows of other runs.
 */
async function clearLeftovers(client: Client, workflowIds: readonly string[], generation: string): Promise<string[]> {
  const cleared = await inParallel(AT_ONCE, workflowIds, (workflowId) => clearLeftover(client, workflowId, generation));
  return workflowIds.filter((_, index) => cleared[index]);
}

async function clearLeftover(client: Client, workflowId: string, generation: string): Promise<boolean> {
  for (;;) {
    const description = await found(client.workflow.getHandle(workflowId).describe());
    if (!description || !isLeftover(description, generation)) return false;
    const reason = `Leftover of an earlier generation of its run, which ${generation} replaces`;
    // It may have continued as new in the meantime: then this run of it is over, and the next is looked at.
    if (await found(client.workflow.getHandle(workflowId, description.runId).terminate(reason))) return true;
  }
}

function isLeftover(
  { status, workflowId, parentExecution }: WorkflowExecutionDescription,
  generation: string,
): boolean {
  if (status.name !== 'RUNNING' || !parentExecution?.workflowId) return false;
  return workflowId.startsWith(`${parentExecution.workflowId}/`) && parentExecution.runId !== generation;
}
