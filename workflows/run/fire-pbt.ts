/**
 * Root of a run: plans it, starts every sub-population and evaluator, watches the rounds go by, routes what the
 * operator wants, reports.
 *
 * It is the parent of everything and never continues as new (a parent that does loses its children), so its history
 * stays short: one signal and one activity a round, of every k-th round only in long runs (reporting.ts). A run that
 * failed goes on by resetting this workflow to its first task: it then clears what the last generation left behind and
 * starts everybody from the newest round that all of them recorded.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  isCancellation,
  log,
  patched,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  belongsTo,
  commandSignal,
  extendUpdate,
  holdSignal,
  leaderboardQuery,
  MESSAGE_DESCRIPTIONS,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  roundCompletedSignal,
  setHyperparametersUpdate,
  steerSignal,
  stopEarlySignal,
} from '../messages.ts';
import type {
  RunProgress,
  SetHyperparameters,
  Steering,
  StopEarly,
  SubPopulationSummary,
} from '../../activities/contracts/messages.ts';
import { childNames, resultOf, startChildren } from './children.ts';
import type { Children } from './children.ts';
import { describeRun } from './details.ts';
import { standGuard } from './watchdog.ts';
import { childWorkflowId, evaluatorName, memberName, subPopulationName } from '../population/names.ts';
import { wrongWithExtension, wrongWithHyperparameters, wrongWithPause, wrongWithStop } from './operator.ts';
import type { Command } from '../population/state.ts';
import {
  cancelledTogether,
  EXTENDED_WHILE_PAUSED,
  longOrchestration,
  OPERATED,
  orchestration,
  planned,
  reasonOf,
  REPORT_HOLDS,
  trainers,
} from './activities.ts';
import type { Run } from './activities.ts';
import { searchAttributePublisher } from './search-attributes.ts';
import type { Finish } from '../sub-population/sub-population.ts';
import type { ResultSummary, RunPlan, Winner } from '../../activities/contracts/run.ts';
import type { ReportOutcome } from '../../activities/contracts/training.ts';

/**
 * Runs one experiment and returns where its result is. Fails at once, non-retryable, on an invalid specification; fails
 * by name when a sub-population or evaluator ends unexpectedly.
 */
export async function firePbt(specification: unknown): Promise<ResultSummary> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const view: {
    plan: RunPlan | null;
    status: 'planning' | 'running' | 'finishing' | 'finished';
    completedRound: number;
    summaries: readonly SubPopulationSummary[];
  } = {
    plan: null,
    status: 'planning',
    completedRound: 0,
    summaries: [],
  };
  const holds: Record<string, readonly string[]> = {};
  /** What the root itself holds for at the end: its report failed for good. */
  let reportHolds: string | null = null;
  const wanted: { stop: string | null; pause: string | null; rounds: number; resumes: number } = {
    stop: null,
    pause: null,
    rounds: 0,
    resumes: 0,
  };
  /** Rounds that P1 has decided on, and how often it has reported: an answer to an extension. */
  const decided = { rounds: 0, reports: 0 };
  /** Members that were told to stop, `<sub-population>/<member>`: their summaries say so only after the round. */
  const stopping: string[] = [];
  let ignored: readonly string[] = [];
  const operated = patched(OPERATED);
  const publish = searchAttributePublisher();
  let children = undefined as Children | undefined;
  let commands = 0;
  /** Its parts are being started, or have been. */
  let beginning = false;

  handleMessages();
  const plan = await planned(orchestration.planRun({ specification, workflowId, firstExecutionRunId }));
  view.plan = plan;
  const { storage, generation } = plan;
  const run: Run = { workflowId, generation, specification: plan.specification, storage };
  const { subPopulations, steps, stepsPerRound } = run.specification;
  const keepRounds = run.specification.storage.keepRounds;
  wanted.rounds ||= steps / stepsPerRound;
  decided.rounds = wanted.rounds;

  const guarded = standGuard(operated, { workflowId, generation });
  if (plan.from)
    await guarded.orTrouble(
      longOrchestration.adoptRounds({
        storage,
        from: plan.from,
        subPopulations: subPopulations.length,
        rounds: wanted.rounds,
      }),
    );
  await orchestration.clearLeftovers({
    workflowIds: childNames(run).map((name) => childWorkflowId(workflowId, name)),
    generation,
  });
  view.completedRound = await orchestration.findLatestRound({ storage, subPopulations: subPopulations.length });
  beginning = true;
  const started = await guarded.orTrouble(startChildren(run, view.completedRound, wanted.rounds));
  children = started;
  view.status = 'running';
  show();
  await steer();
  let over = false;
  const working = guarded.orTrouble(
    Promise.all([
      Promise.all(
        started.levels.map((child, index) => resultOf(child, subPopulationName(index + 1), workflowId)),
      ).finally(() => (over = true)),
      Promise.all(
        started.evaluators.flatMap((slots, index) =>
          slots.map((child, slot) => resultOf(child, evaluatorName(index + 1, slot), workflowId)),
        ),
      ),
      collectRoundByRound(),
    ]),
  );
  const [[finish]] = await cancelledTogether(working, () =>
    [...started.levels, ...started.evaluators.flat()].map((child) => child.result()),
  );
  guarded.leave();

  view.status = 'finishing';
  show();
  const { winner, round, stoppedEarly } = finish as Finish;
  const report = await reportUntilItWorks(run, winner);
  const result = await longOrchestration.writeResult({
    storage,
    workflowId,
    specification: run.specification,
    rounds: round,
    winner,
    report,
    ...(plan.retraced ? { retraced: plan.retraced } : {}),
    ...(stoppedEarly ? { stoppedEarly } : {}),
  });
  await longOrchestration.collectCheckpoints({
    storage,
    subPopulations: subPopulations.length,
    keepRounds,
    finished: true,
  });
  if (operated) await longOrchestration.exportHistories({ storage, workflowId });
  view.status = 'finished';
  show();
  await condition(allHandlersFinished);
  return result;

  /**
   * Once a round, deletes the checkpoints that nothing refers to any more: storage stays proportional to the workers,
   * not to the rounds.
   */
  async function collectRoundByRound(): Promise<void> {
    for (let collected = view.completedRound; ;) {
      await condition(() => view.completedRound > collected || over);
      if (over) return;
      collected = view.completedRound;
      await longOrchestration.collectCheckpoints({
        storage,
        subPopulations: subPopulations.length,
        keepRounds,
        finished: false,
      });
    }
  }

  /** Holds where the report fails for good, until the operator resumes. */
  async function reportUntilItWorks(
    { specification: { task, seed, threads } }: Run,
    { member, checkpoint }: Winner,
  ): Promise<ReportOutcome> {
    for (;;) {
      try {
        return await trainers().report({ storage, task, seed, threads, checkpoint });
      } catch (error) {
        if (isCancellation(error) || !patched(REPORT_HOLDS)) throw error;
        const { resumes } = wanted;
        reportHolds = `report on ${memberName(1, member)} after round ${view.completedRound}: ${reasonOf(error)}`;
        log.error(`The run holds: ${reportHolds}`);
        show();
        await condition(() => wanted.resumes > resumes);
        reportHolds = null;
        show();
      }
    }
  }

  function handleMessages(): void {
    setHandler(progressQuery, progress, { description: MESSAGE_DESCRIPTIONS.progress });
    setHandler(leaderboardQuery, () => view.summaries.flatMap(({ leaders = [] }) => leaders), {
      description: MESSAGE_DESCRIPTIONS.leaderboard,
    });
    setHandler(
      roundCompletedSignal,
      (message) => {
        if (!ours(message) || message.round <= view.completedRound) return;
        view.completedRound = message.round;
        view.summaries = message.summaries;
        decided.rounds = message.rounds;
        decided.reports += 1;
        show();
      },
      { description: MESSAGE_DESCRIPTIONS.roundCompleted },
    );
    setHandler(
      holdSignal,
      (message) => {
        if (!ours(message)) return;
        holds[message.sender] = message.reasons;
        show();
        // An evaluator that begins to hold may not have heard that the run stops.
        if (operated && wanted.stop !== null && message.reasons.length > 0) return steer(true);
        return undefined;
      },
      { description: MESSAGE_DESCRIPTIONS.hold },
    );
    setHandler(stopEarlySignal, stopEarly, { description: MESSAGE_DESCRIPTIONS.stopEarly });
    setHandler(
      pauseUpdate,
      async ({ reason }) => {
        wanted.pause = reason;
        await steer();
        return `Paused: no round begins after the one that is being trained. ${view.completedRound} of ${decided.rounds} rounds are complete.`;
      },
      {
        description: MESSAGE_DESCRIPTIONS.pause,
        validator: (message) =>
          refuse(
            wrongWithPause(message) ??
              closing() ??
              stops('pause') ??
              (wanted.pause === null ? undefined : `Cannot pause: paused already (${wanted.pause})`),
          ),
      },
    );
    setHandler(
      resumeUpdate,
      async () => {
        if (reportHolds !== null) {
          wanted.resumes += 1;
          return 'Going on: the report is tried again.';
        }
        const held = heldNow();
        const answer =
          wanted.pause === null ? `Going on: ${held.length} who held try again.` : 'Resumed: the next round begins.';
        wanted.pause = null;
        wanted.resumes += 1;
        await steer(held.length > 0);
        return answer;
      },
      {
        description: MESSAGE_DESCRIPTIONS.resume,
        validator: () =>
          refuse(
            reportHolds !== null
              ? undefined
              : (closing() ??
                  (wanted.pause === null && heldNow().length === 0
                    ? 'Cannot resume: nothing is paused and nobody holds'
                    : undefined)),
          ),
      },
    );
    setHandler(
      extendUpdate,
      async ({ steps: end }) => {
        // A reset delivers again, with the first task, what the run was extended by before.
        if (view.plan === null) await condition(() => view.plan !== null);
        const perRound = view.plan?.specification.stepsPerRound ?? 1;
        const extended = `Extended: the run ends after ${end} steps, round ${end / perRound}.`;
        if (!beginning) {
          refuse(wrongWithLength({ steps: end }));
          wanted.rounds = decided.rounds = end / perRound;
          return extended;
        }
        wanted.rounds = end / perRound;
        const { reports } = decided;
        await steer();
        // While it is paused no round may end that could answer.
        const paused = (): boolean => patched(EXTENDED_WHILE_PAUSED) && wanted.pause !== null;
        await condition(
          () =>
            decided.rounds === end / perRound || decided.reports > reports + 1 || view.status !== 'running' || paused(),
        );
        if (decided.rounds === end / perRound) return extended;
        if (view.status === 'running' && paused())
          return `Extended: once it is resumed, the run goes on to ${end} steps, round ${end / perRound}.`;
        throw ApplicationFailure.nonRetryable(
          `Cannot extend the run: its last round had begun. Start a new run from its rounds instead`,
          'TooLate',
        );
      },
      {
        description: MESSAGE_DESCRIPTIONS.extend,
        validator: (message) =>
          refuse(
            closing() ??
              stops('extend') ??
              (beginning && view.status === 'planning'
                ? 'Cannot extend the run: its parts are being started'
                : wrongWithLength(message)),
          ),
      },
    );
    setHandler(
      setHyperparametersUpdate,
      async ({ subPopulation, member, hyperparameters, reason }) => {
        await command(subPopulation, { kind: 'set-hyperparameters', member, hyperparameters, reason });
        return `${memberName(subPopulation, member)} trains with ${JSON.stringify(hyperparameters)} from its next round on.`;
      },
      {
        description: MESSAGE_DESCRIPTIONS.setHyperparameters,
        validator: (message: SetHyperparameters) =>
          refuse(
            closing() ??
              stops('set hyperparameters') ??
              (view.plan
                ? (wrongWithHyperparameters(view.plan.specification, message) ??
                  cannotSet(message.subPopulation, message.member))
                : 'Cannot set hyperparameters: the run is being planned'),
          ),
      },
    );
    setDefaultSignalHandler((signalName) =>
      ignore(signalName, 'a run knows stopEarly; pause, resume, extend and setHyperparameters are updates'),
    );
  }

  /** What is wrong with an extension; before there is a plan nobody can tell. */
  function wrongWithLength(message: unknown): string | undefined {
    // What earlier generations have completed is no obstacle before this one begins.
    const completed = beginning ? view.completedRound : 0;
    return view.plan
      ? wrongWithExtension(view.plan.specification, message, completed, decided.rounds, view.plan.maxRounds)
      : undefined;
  }

  /** What cannot be followed is told where people look, and harms nothing. */
  function ignore(signalName: string, why: string): void {
    log.warn(`Ignored signal ${signalName}: ${why}`);
    ignored = [`${signalName}: ${why}`, ...ignored].slice(0, TOLD_IGNORED);
    show();
  }

  /** Never throws: what cannot be followed is logged and dropped. */
  async function stopEarly(message: StopEarly): Promise<void> {
    await condition(() => view.plan !== null);
    const wrong = view.plan ? (wrongWithStop(view.plan.specification, message) ?? closing()) : undefined;
    if (wrong) return ignore('stopEarly', wrong);
    const { reason, subPopulation, member, evaluator: slot } = message;
    if (wanted.stop !== null && (operated || subPopulation === undefined))
      return ignore('stopEarly', `the run is being stopped already (${wanted.stop})`);
    if (subPopulation === undefined) {
      wanted.stop = reason;
      show();
      return steer(operated && heldNow().length > 0);
    }
    if (slot !== undefined) return command(subPopulation, { kind: 'stop-evaluation', slot, reason });
    const everyone = Array.from(
      { length: view.plan?.specification.subPopulations[subPopulation - 1]?.members ?? 0 },
      (_, index) => index,
    );
    const members = (member === undefined ? everyone : [member]).filter((one) => !isStopped(subPopulation, one));
    if (members.length === 0)
      return ignore(
        'stopEarly',
        `${member === undefined ? subPopulationName(subPopulation) : memberName(subPopulation, member)} was stopped already`,
      );
    stopping.push(...members.map((one) => `${subPopulation}/${one}`));
    return command(subPopulation, { kind: 'stop-members', members, reason });
  }

  function isStopped(subPopulation: number, member: number): boolean {
    if (!operated) return false;
    const known = view.summaries.find((one) => one.subPopulation === subPopulation)?.stopped ?? [];
    return known.includes(member) || stopping.includes(`${subPopulation}/${member}`);
  }

  function cannotSet(subPopulation: number, member: number): string | undefined {
    if (isStopped(subPopulation, member))
      return `Cannot set hyperparameters: ${memberName(subPopulation, member)} was stopped and trains no more`;
    // P(i) may be i − 1 rounds ahead of what P1 has reported.
    if (view.completedRound + subPopulation >= decided.rounds)
      return `Cannot set hyperparameters: the last round of ${memberName(subPopulation, member)} may have begun`;
    return undefined;
  }

  /**
   * Tells everybody what the operator wants of the run; before anybody exists it waits in `wanted` for the first time.
   */
  async function steer(evaluatorsToo = false): Promise<void> {
    if (!children) return;
    const steering: Steering = { ...wanted, generation: generationNow(), round: view.completedRound, sender: 'root' };
    const everyone = [...children.levels, ...(evaluatorsToo ? children.evaluators.flat() : [])];
    await Promise.all(everyone.map((child) => deliverTo(child.signal(steerSignal, steering))));
  }

  async function command(level: number, what: Command): Promise<void> {
    const number = (commands += 1);
    await condition(() => children !== undefined);
    const message = {
      generation: generationNow(),
      round: view.completedRound,
      sender: 'root',
      id: `${generationNow()}/${number}`,
      command: what,
    };
    const child = children?.levels[level - 1];
    if (child) await deliverTo(child.signal(commandSignal, message));
    const slot = what.kind === 'stop-evaluation' ? children?.evaluators[level - 1]?.[what.slot] : undefined;
    if (slot) await deliverTo(slot.signal(commandSignal, message));
  }

  /** A child that has just ended needs no telling. */
  async function deliverTo(signalled: Promise<void>): Promise<void> {
    try {
      await signalled;
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn(`A message could not be delivered: ${reasonOf(error)}`);
    }
  }

  function generationNow(): string {
    return view.plan?.generation ?? '';
  }

  function ours(message: unknown): boolean {
    return view.plan !== null && belongsTo(view.plan.generation, message);
  }

  function heldNow(): string[] {
    return [...Object.values(holds).flat(), ...(reportHolds === null ? [] : [reportHolds])];
  }

  function closing(): string | undefined {
    if (view.status === 'finishing' || view.status === 'finished')
      return 'Cannot follow: the run has trained its last round';
    return undefined;
  }

  function stops(what: string): string | undefined {
    return wanted.stop === null ? undefined : `Cannot ${what}: the run is being stopped (${wanted.stop})`;
  }

  function progress(): RunProgress {
    const held = heldNow();
    const notice =
      wanted.stop !== null ? `Stops early: ${wanted.stop}` : wanted.pause !== null ? `Paused: ${wanted.pause}` : null;
    const running =
      held.length > 0 ? 'holding' : wanted.stop !== null ? 'stopping' : wanted.pause !== null ? 'paused' : 'running';
    return {
      status: view.status === 'running' ? running : reportHolds !== null ? 'holding' : view.status,
      round: view.completedRound,
      rounds: decided.rounds,
      plan: view.plan,
      bestScore: view.summaries[0]?.bestScore ?? null,
      subPopulations: view.summaries,
      holds: held,
      notice,
      ignored,
    };
  }

  function show(): void {
    setCurrentDetails(describeRun(workflowId, progress()));
    if (operated) publish(progress());
  }
}

/** Signals that could not be followed, as many as are told. */
const TOLD_IGNORED = 5;

/** Rejects an update with what is wrong with it; the sender reads it, and no event is recorded. */
function refuse(wrong: string | undefined): void {
  if (wrong !== undefined) throw ApplicationFailure.nonRetryable(wrong, 'Refused');
}
