/**
 * The root of a run. It plans the run, starts all sub-populations and evaluators, and reports at the end. `operator.ts`
 * has the operator's messages, `run-view.ts` what the root knows.
 *
 * It is the parent of all other workflows. It never continues as new, because a parent that does loses its children. So
 * its history must stay short: one signal and one activity per round, or per k-th round in long runs
 * (population/reporting.ts). A failed run is continued by a reset of this workflow to its first task. Then it
 * terminates what the last generation left, and starts all parts from the newest round that all of them recorded.
 */
import { allHandlersFinished, condition, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Other, ResultSummary } from '../../activities/contracts/result.ts';
import type { LatestRound, RunPlan } from '../../activities/contracts/run.ts';
import type { ReportOutcome } from '../../activities/contracts/training.ts';
import { leaderboardQuery, MESSAGE_DESCRIPTIONS, progressQuery, roundCompletedSignal } from '../messages.ts';
import { childWorkflowId, evaluatorName, memberName, subPopulationName } from '../population/names.ts';
import { lastHyperparameters, otherRule } from '../population/winner.ts';
import type { Finish, OtherWinner } from '../sub-population/winner.ts';
import { awaitAllOnCancel, longOrchestration, orchestration, passOnFailure, reasonOf, trainers } from './activities.ts';
import type { Run } from './activities.ts';
import { childNames, resultOf, startChildren } from './children.ts';
import type { Children } from './children.ts';
import { describeTask } from './describing.ts';
import { Holds } from './holds.ts';
import { Housekeeping } from './housekeeping.ts';
import { Operator } from './operator.ts';
import { publishInTemporal } from './publication.ts';
import { RunView } from './run-view.ts';
import { refuseCron } from './unknown-type.ts';
import { startWatchdog } from './watchdog.ts';
import type { Watchdog } from './watchdog.ts';

/**
 * Runs one experiment and returns the summary of its result. Fails at once, not retryable, if the specification is
 * invalid. If a sub-population or evaluator ends unexpectedly, fails with its name.
 */
export async function firePbt(specification: unknown): Promise<ResultSummary> {
  refuseCron();
  const view = new RunView(publishInTemporal(workflowInfo().workflowId));
  const operator = new Operator(view);
  answerQueries(view);
  try {
    return await runExperiment(specification, view, operator);
  } catch (error) {
    view.end(isCancellation(error) ? 'cancelled' : 'failed');
    throw error;
  }
}

async function runExperiment(specification: unknown, view: RunView, operator: Operator): Promise<ResultSummary> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const plan = await passOnFailure(planRun(view, { specification, workflowId, firstExecutionRunId }));
  const { storage, generation } = plan;
  const run: Run = { workflowId, generation, specification: plan.specification, storage };
  const watchdog = startWatchdog({ workflowId, generation });
  const { records } = await prepare(view, plan, run, watchdog);

  view.enter({ kind: 'starting', plan });
  const children = await watchdog.unlessResetInvalid(startChildren(run, records));
  view.enter({ kind: 'running', plan, children });
  await operator.steer();
  const housekeeping = new Housekeeping(view, run);
  housekeeping.start();
  const finish = await train(run, children, watchdog);
  housekeeping.stop();
  watchdog.stop();

  view.enter({ kind: 'finishing', plan });
  const result = await writeResult(view, run, plan, finish, await reportOnAll(view, run, finish));
  const files = await housekeeping.finish();
  view.enter({ kind: 'finished', plan, testScore: result.testScore });
  await condition(allHandlersFinished);
  return { ...result, files: [...result.files, ...files], undeleted: view.undeleted };
}

/** Plans the run with what trainers say of its task. */
async function planRun(view: RunView, input: Parameters<typeof orchestration.findQuestion>[0]): Promise<RunPlan> {
  const question = await orchestration.findQuestion(input);
  const answered = question && (await describeTask(question, (notice) => view.wait(notice)));
  return orchestration.planRun({ ...input, answered });
}

function answerQueries(view: RunView): void {
  setHandler(progressQuery, () => view.progress(), { description: MESSAGE_DESCRIPTIONS.progress });
  setHandler(leaderboardQuery, () => view.leaderboard(), { description: MESSAGE_DESCRIPTIONS.leaderboard });
  setHandler(roundCompletedSignal, (message) => view.completeRound(message), {
    description: MESSAGE_DESCRIPTIONS.roundCompleted,
  });
}

/** Copies the rounds of an earlier run, terminates what an earlier generation left, and finds the round to resume. */
async function prepare(view: RunView, plan: RunPlan, run: Run, watchdog: Watchdog): Promise<LatestRound> {
  const { workflowId, generation, storage, specification } = run;
  const subPopulations = specification.subPopulations.length;
  view.enter({ kind: 'preparing', plan });
  view.refuseRecords(plan.refused);
  view.warn(plan.warnings);
  if (plan.from) {
    const { rounds } = view.wanted;
    const adoption = { storage, from: plan.from, subPopulations, rounds, generation };
    const adopted = passOnFailure(longOrchestration.adoptRounds(adoption));
    view.refuseRecords((await watchdog.unlessResetInvalid(adopted)).refused);
  }
  const workflowIds = childNames(run).map((name) => childWorkflowId(workflowId, name));
  await passOnFailure(orchestration.clearLeftovers({ workflowIds, generation }));
  const latest = await passOnFailure(longOrchestration.findLatestRound({ storage, subPopulations }));
  view.refuseRecords(latest.refused);
  if (latest.refused.length > 0) view.warn([`Resumes from round ${latest.round}: see the refused records`]);
  view.completedRound = latest.round;
  await passOnFailure(longOrchestration.setAsideRounds({ storage, round: latest.round, generation }));
  return latest;
}

/** Waits until all parts of the run have ended. Returns the result of P1. */
async function train({ workflowId }: Run, { levels, evaluators }: Children, watchdog: Watchdog): Promise<Finish> {
  const trained = Promise.all(levels.map((child, index) => resultOf(child, subPopulationName(index + 1), workflowId)));
  const evaluated = evaluators.flatMap((slots, index) =>
    slots.map((child, slot) => resultOf(child, evaluatorName(index + 1, slot), workflowId)),
  );
  const working = watchdog.unlessResetInvalid(Promise.all([trained, Promise.all(evaluated)]));
  const everybody = [...levels, ...evaluators.flat()];
  const [[finish]] = await awaitAllOnCancel(working, () => everybody.map((child) => child.result()));
  return finish as Finish;
}

/** Does the last work of the root. If it fails for good, holds until the operator resumes the run. */
async function untilDone<T>(view: RunView, doing: string, work: () => Promise<T>): Promise<T> {
  const holds = new Holds(([hold]) => {
    view.ownHold = hold?.reason ?? null;
    view.show();
  });
  return holds.untilDone({ worker: 'root', doing }, work, () => view.wanted.resumes);
}

/** What trainers report on. */
interface Reports {
  readonly report: ReportOutcome;
  readonly other: Other | null;
}

/** Reports on the winner, and on who would have won under the other rule. */
async function reportOnAll(view: RunView, run: Run, { winner, other }: Finish): Promise<Reports> {
  const doing = `report on ${memberName(1, winner.member)} after round ${view.completedRound}`;
  const [onWinner, onOther] = await Promise.all([
    untilDone(view, doing, () =>
      report(run, { ...winner, hyperparameters: lastHyperparameters(winner) }, run.storage.folder),
    ),
    other && reportOnOther(view, run, other),
  ]);
  return { report: onWinner, other: onOther };
}

/** The result does not wait for what fails here. */
async function reportOnOther(view: RunView, run: Run, { hyperparameters, ...other }: OtherWinner): Promise<Other> {
  const folder = `${run.storage.folder}/${otherRule(run.specification.winner)}`;
  try {
    return { ...other, report: await report(run, { ...other, hyperparameters }, folder) };
  } catch (error) {
    if (isCancellation(error)) throw error;
    view.warn([`Cannot report on ${other.checkpoint.key}: ${reasonOf(error)}`]);
    return { ...other, report: null };
  }
}

function report(
  { storage, specification }: Run,
  { checkpoint, hyperparameters }: Pick<OtherWinner, 'checkpoint' | 'hyperparameters'>,
  folder: string,
): Promise<ReportOutcome> {
  const { task, seed, threads, trainers: queue } = specification;
  const request = { storage: { ...storage, folder }, task, seed, threads, checkpoint, hyperparameters };
  const summary = `Reports on the checkpoint of step ${checkpoint.step}`;
  return trainers(queue).report.executeWithOptions({ summary }, [request]);
}

async function writeResult(
  view: RunView,
  run: Run,
  plan: RunPlan,
  finish: Finish,
  reports: Reports,
): Promise<ResultSummary> {
  const { storage, workflowId, specification } = run;
  const { winner, round, stoppedEarly } = finish;
  const request = {
    storage,
    workflowId,
    specification,
    rounds: round,
    winner,
    score: plan.task.score,
    ...reports,
    undeleted: view.undeleted,
    ...(plan.retraced ? { retraced: plan.retraced } : {}),
    ...(stoppedEarly ? { stoppedEarly } : {}),
  };
  const result = await untilDone(view, 'write the result', () => longOrchestration.writeResult(request));
  view.warn(result.lost.map((one) => `Lost decisions ${one}`));
  return result;
}
