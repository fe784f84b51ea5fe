/**
 * Root of a run: plans it, starts every sub-population and evaluator, watches the rounds go by, reports.
 *
 * It is the parent of everything and never continues as new (a parent that does loses its children), so its history stays short: one signal and one
 * activity a round. A run that failed goes on by resetting this workflow to its first task: it then clears what the last generation left
 * behind and starts everybody from the newest round that all of them recorded.
 */
import { ApplicationFailure, condition, isCancellation, log, ParentClosePolicy, setCurrentDetails, setDefaultSignalHandler, setHandler, startChild, workflowInfo } from '@temporalio/workflow';
import type { ChildWorkflowHandle, Workflow } from '@temporalio/workflow';
import { beginSignal, belongsTo, holdSignal, MESSAGE_DESCRIPTIONS, progressQuery, roundCompletedSignal } from './messages.ts';
import type { RunProgress, SubPopulationSummary } from './messages.ts';
import { childWorkflowId, evaluatorName, subPopulationName } from './names.ts';
import { orchestration, trainers } from './run.ts';
import type { Run } from './run.ts';
import { evaluator } from './evaluator.ts';
import { subPopulation } from './sub-population.ts';
import type { ResultSummary, RunPlan, Winner } from '../activities/orchestration-contract.ts';

/**
 * Runs one experiment and returns where its result is. Fails at once, non-retryable, on an invalid specification; fails by name when a
 * sub-population or evaluator ends unexpectedly.
 */
export async function firePbt(specification: unknown): Promise<ResultSummary> {
  const { workflowId, runId: generation, firstExecutionRunId } = workflowInfo();
  let plan: RunPlan | null = null;
  let status: 'planning' | 'running' | 'finishing' | 'finished' = 'planning';
  let completedRound = 0;
  let summaries: readonly SubPopulationSummary[] = [];
  let holds: readonly { readonly subPopulation: number; readonly reason: string }[] = [];

  setHandler(progressQuery, () => progress(), { description: MESSAGE_DESCRIPTIONS.progress });
  setHandler(
    roundCompletedSignal,
    (message) => {
      if (!belongsTo(generation, message) || message.round <= completedRound) return;
      completedRound = message.round;
      summaries = message.summaries;
      setCurrentDetails(tellProgress(workflowId, progress()));
    },
    { description: MESSAGE_DESCRIPTIONS.roundCompleted },
  );
  setHandler(
    holdSignal,
    (message) => {
      if (!belongsTo(generation, message)) return;
      const others = holds.filter((one) => one.subPopulation !== message.subPopulation);
      holds = message.reason === null ? others : [...others, { subPopulation: message.subPopulation, reason: message.reason }];
      setCurrentDetails(tellProgress(workflowId, progress()));
    },
    { description: MESSAGE_DESCRIPTIONS.hold },
  );
  setDefaultSignalHandler((signalName) => log.warn(`Ignored signal ${signalName}: this workflow has no such signal`));

  plan = await orchestration.planRun({ specification, workflowId, firstExecutionRunId });
  const { storage } = plan;
  const run: Run = { workflowId, generation, specification: plan.specification, storage };
  const { subPopulations, steps, stepsPerRound } = run.specification;
  const rounds = steps / stepsPerRound;

  await orchestration.clearLeftovers({ workflowIds: childNames(run).map((name) => childWorkflowId(workflowId, name)), generation });
  completedRound = await orchestration.findLatestRound({ storage, subPopulations: subPopulations.length });
  status = 'running';
  setCurrentDetails(tellProgress(workflowId, progress()));

  const levels = await startSubPopulations(run, completedRound);
  const evaluators = await startEvaluators(run);
  await Promise.all(levels.map((child) => child.signal(beginSignal, { generation, round: completedRound, sender: 'root' })));
  const [winners] = await Promise.all([
    Promise.all(levels.map((child, index) => resultOf(child, subPopulationName(index + 1), workflowId))),
    Promise.all(evaluators.map(({ child, name }) => resultOf(child, name, workflowId))),
    collectRoundByRound(),
  ]);

  status = 'finishing';
  const winner = winners[0] as Winner;
  const { task, seed, threads } = run.specification;
  const report = await trainers().report({ storage, task, seed, threads, checkpoint: winner.checkpoint });
  const result = await orchestration.writeResult({ storage, workflowId, specification: run.specification, rounds, winner, report });
  await orchestration.collectCheckpoints({ storage, subPopulations: subPopulations.length, keepRounds: run.specification.storage.keepRounds, finished: true });
  status = 'finished';
  setCurrentDetails(tellProgress(workflowId, progress()));
  return result;

  /** Once a round, deletes the checkpoints that nothing refers to any more: storage stays proportional to the workers, not to the rounds. */
  async function collectRoundByRound(): Promise<void> {
    for (let collected = completedRound; collected < rounds; ) {
      await condition(() => completedRound > collected);
      collected = completedRound;
      await orchestration.collectCheckpoints({ storage, subPopulations: subPopulations.length, keepRounds: run.specification.storage.keepRounds, finished: false });
    }
  }

  function progress(): RunProgress {
    const specified = plan?.specification;
    return {
      status: status === 'running' && holds.length > 0 ? 'holding' : status,
      round: completedRound,
      rounds: specified ? specified.steps / specified.stepsPerRound : 0,
      plan,
      bestScore: summaries[0]?.bestScore ?? null,
      subPopulations: summaries,
      holds: holds.map((one) => `${subPopulationName(one.subPopulation)}: ${one.reason}`),
    };
  }
}

function childNames(run: Run): string[] {
  return run.specification.subPopulations.flatMap(({ evaluators }, index) => [
    subPopulationName(index + 1),
    ...Array.from({ length: evaluators }, (_, slot) => evaluatorName(index + 1, slot)),
  ]);
}

async function startSubPopulations(run: Run, completedRound: number): Promise<ChildWorkflowHandle<typeof subPopulation>[]> {
  return Promise.all(
    run.specification.subPopulations.map(({ members }, index) =>
      startChild(subPopulation, {
        workflowId: childWorkflowId(run.workflowId, subPopulationName(index + 1)),
        args: [{ run, subPopulation: index + 1, completedRound }],
        parentClosePolicy: ParentClosePolicy.TERMINATE,
        staticSummary: `${subPopulationName(index + 1)}: ${members} members, ${index === 0 ? 'ranked by score' : 'ranked by improvement rate'}`,
      }),
    ),
  );
}

async function startEvaluators(run: Run): Promise<{ name: string; child: ChildWorkflowHandle<typeof evaluator> }[]> {
  const slots = run.specification.subPopulations.flatMap(({ evaluators }, index) => Array.from({ length: evaluators }, (_, slot) => ({ subPopulation: index + 1, slot })));
  return Promise.all(
    slots.map(async ({ subPopulation, slot }) => {
      const name = evaluatorName(subPopulation, slot);
      const child = await startChild(evaluator, {
        workflowId: childWorkflowId(run.workflowId, name),
        args: [{ run, subPopulation, slot }],
        parentClosePolicy: ParentClosePolicy.TERMINATE,
        staticSummary: `${name}: compares members of ${subPopulationName(subPopulation)} with ${subPopulationName(subPopulation - 1)}'s best`,
      });
      return { name, child };
    }),
  );
}

/** The child's result; its unexpected end fails the run, by name. */
async function resultOf<W extends Workflow>(child: ChildWorkflowHandle<W>, name: string, workflowId: string): Promise<Awaited<ReturnType<W>>> {
  try {
    return (await child.result()) as Awaited<ReturnType<W>>;
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = error instanceof Error ? error : undefined;
    const reason = cause?.cause instanceof Error ? cause.cause.message : cause?.message;
    throw ApplicationFailure.create({ message: `${name} of run ${workflowId} ended unexpectedly: ${reason}`, type: 'ChildFailed', nonRetryable: true, ...(cause ? { cause } : {}) });
  }
}

/** Markdown for the Web UI and `temporal workflow metadata`. */
function tellProgress(workflowId: string, { status, round, rounds, bestScore, subPopulations, holds, plan }: RunProgress): string {
  const percent = rounds > 0 ? Math.floor((100 * round) / rounds) : 0;
  const rows = subPopulations.map(
    (one) =>
      `| ${subPopulationName(one.subPopulation)} | ${one.members} | ${one.evaluatorsBusy} of ${one.evaluators} | ${one.promotions} | ${one.bestScore ?? '–'} | \`${JSON.stringify(one.hyperparameters)}\` |`,
  );
  return [
    `**${workflowId}**: ${status}, round ${round} of ${rounds} (${percent} %), best score ${bestScore ?? '–'}`,
    ...holds.map((hold) => `\n**Holds** — ${hold}`),
    ...(rows.length > 0 ? ['', '| sub-population | members | evaluators busy | promotions | best score | hyperparameters |', '|---|---|---|---|---|---|', ...rows] : []),
    ...(plan ? ['', `Objects: \`${plan.storage.prefix}\` in bucket \`${plan.storage.bucket}\``] : []),
  ].join('\n');
}
