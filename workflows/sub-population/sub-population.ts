/**
 * One sub-population's loop: P1 chases the objective as PBT does, Pi (i ≥ 2) is ranked by improvement rate and judges
 * its own evaluators.
 *
 * A round: assign, train, exploit and explore, tell P(i+1), hear P(i−1), judge, promote into P(i−1), hear P(i+1),
 * record. News goes up and promotions come down, so it cannot deadlock. P1 alone decides when the run ends; that
 * travels up with the news. History: three events an activity, one activity a member, four signals an evaluator and
 * three a neighbour each round; it continues as new between two rounds when the server suggests it, carrying the number
 * of the round it recorded rather than curves.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  patched,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ExternalWorkflowHandle } from '@temporalio/workflow';
import {
  belongsTo,
  commandSignal,
  evaluatorReportSignal,
  evaluatorsQuery,
  finishSignal,
  holdSignal,
  instructSignal,
  lineageQuery,
  membersQuery,
  MESSAGE_DESCRIPTIONS,
  neighbourNewsSignal,
  promotionsSignal,
  roundCompletedSignal,
  scheduleQuery,
  steerSignal,
} from '../messages.ts';
import type {
  CommandMessage,
  EvaluatorReport,
  MessageKey,
  NeighbourNews,
  PromotionBatch,
  Steering,
  SubPopulationSummary,
} from '../../activities/contracts/messages.ts';
import { deliver, takeRound } from './inbox.ts';
import {
  assign,
  endForChildren,
  endWhere,
  exploitAndExplore,
  followCommand,
  followSchedule,
  initialise,
  judgeEvaluators,
  receivePromotions,
} from '../population/round.ts';
import { applyEvents, emptyPopulation } from '../population/state.ts';
import type { Command, JudgedEvaluation, MemberState, PopulationState, RoundEvent } from '../population/state.ts';
import { childWorkflowId, evaluatorName, memberName, subPopulationName } from '../population/names.ts';
import { describeSubPopulation } from '../run/details.ts';
import { lineageOf } from '../population/lineage.ts';
import { bestMember } from '../population/scores.ts';
import { newsFor, summarise, viewEvaluators, viewMembers } from '../population/views.ts';
import { roundsPerReport } from '../population/reporting.ts';
import {
  loadState,
  NEIGHBOUR_MAY_HAVE_ENDED,
  orchestration,
  PAUSED_TOGETHER,
  reasonOf,
  SPARSE_REPORTS,
  STOP_ENDS_HOLDS,
  trainRound,
} from '../run/activities.ts';
import type { Run } from '../run/activities.ts';
import type { TrainOutcome, TrainRequest } from '../../activities/contracts/training.ts';
import type { Winner } from '../../activities/contracts/run.ts';

export interface SubPopulationInput {
  readonly run: Run;
  readonly subPopulation: number;
  /** Newest recorded round; 0 starts afresh. */
  readonly completedRound: number;
  /**
   * Rounds that the run has as its parts are started: more than its specification says where a reset delivered an
   * extension again. Absent from what was started before it was told.
   */
  readonly rounds?: number;
  readonly carried?: Carried;
}

/**
 * What goes through continue-as-new besides the recorded round: messages not yet consumed, what was last decided and
 * heard.
 */
interface Carried {
  readonly steering: Steering | null;
  readonly rounds: number;
  readonly news: readonly NeighbourNews[];
  readonly promotions: readonly PromotionBatch[];
  readonly reports: readonly EvaluatorReport[];
  readonly commands: readonly CommandMessage[];
  readonly judged: readonly JudgedEvaluation[];
  readonly above: readonly SubPopulationSummary[];
}

/** The operator ended the run: the last round that counts, and why. */
interface Ended {
  readonly round: number;
  readonly reason: string;
}

/** What P1 makes of a run. */
export interface Finish {
  readonly winner: Winner;
  readonly round: number;
  /** Present when the operator ended the run before its last round. */
  readonly stoppedEarly?: Ended;
}

/**
 * Runs P`subPopulation` to the end. P1 returns the run's winner, the others null; a P1 whose members have all diverged
 * at the end fails.
 */
export async function subPopulation(input: SubPopulationInput): Promise<Finish | null> {
  const { run, subPopulation: level, carried } = input;
  const { specification, storage } = run;
  const { stepsPerRound } = specification;
  const name = subPopulationName(level);
  const levels = specification.subPopulations.length;

  let steering = carried?.steering ?? null;
  let rounds = carried?.rounds ?? input.rounds ?? specification.steps / stepsPerRound;
  const news = [...(carried?.news ?? [])];
  const promotionBatches = [...(carried?.promotions ?? [])];
  const reports = [...(carried?.reports ?? [])];
  const commands = [...(carried?.commands ?? [])];
  let judged = carried?.judged ?? [];
  let evaluatorsAtWork = 0;
  let above = carried?.above ?? [];
  let state = emptyPopulation();
  let below = emptyPopulation();
  let round = input.completedRound;
  let toldUp = round;
  let ended: Ended | undefined;
  let holds: readonly { readonly worker: string; readonly reason: string }[] = [];
  let events: RoundEvent[] = [];

  const ours = (message: unknown): boolean => belongsTo(run.generation, message);
  setHandler(steerSignal, (message) => void (ours(message) && (steering = message)), {
    description: MESSAGE_DESCRIPTIONS.steer,
  });
  setHandler(commandSignal, (message) => void (ours(message) && commands.push(message)), {
    description: MESSAGE_DESCRIPTIONS.command,
  });
  setHandler(neighbourNewsSignal, (message) => void (ours(message) && deliver(news, message)), {
    description: MESSAGE_DESCRIPTIONS.neighbourNews,
  });
  setHandler(promotionsSignal, (message) => void (ours(message) && deliver(promotionBatches, message)), {
    description: MESSAGE_DESCRIPTIONS.promotions,
  });
  setHandler(evaluatorReportSignal, (message) => void (ours(message) && deliver(reports, message)), {
    description: MESSAGE_DESCRIPTIONS.evaluatorReport,
  });
  setDefaultSignalHandler((signalName) =>
    log.warn(`Ignored signal ${signalName}: a sub-population is steered through the root of its run`),
  );
  setHandler(membersQuery, () => viewMembers(state), { description: MESSAGE_DESCRIPTIONS.members });
  setHandler(scheduleQuery, (member) => askedFor(member, (history) => ({ schedule: history })), {
    description: MESSAGE_DESCRIPTIONS.schedule,
  });
  setHandler(lineageQuery, (member) => askedFor(member, (history) => ({ lineage: lineageOf(history) })), {
    description: MESSAGE_DESCRIPTIONS.lineage,
  });
  setHandler(evaluatorsQuery, () => viewEvaluators(state, judged), { description: MESSAGE_DESCRIPTIONS.evaluators });

  await condition(() => steering !== null);
  if (round > 0) {
    state = await loadState(run, round, level);
    if (level > 1) below = await loadState(run, round, level - 1);
  } else if (level > 1) {
    below = applyEvents(below, [initialise(specification, level - 1)]);
  }

  while (round < rounds) {
    await (level === 1 ? whilePaused() : whileNobodyWaits());
    if (early()) break;
    round += 1;
    events = [];
    if (round === 1) happened(initialise(specification, level));
    follow('set-hyperparameters');
    happened(...followSchedule(specification, round, state));
    show();

    // 1. Assign.
    if (level > 1 && round > 1) happened(assign(specification, round, state, below));

    // 2. Train: everyone one round, members here and evaluators in their own workflows; all wait for the slowest.
    const trainerSeconds = await trainEveryone();
    follow('stop-members', 'stop-evaluation');
    if (level === 1) heedSteering();

    judged = [];
    if (round < rounds && !early()) {
      // 3. Exploit and explore.
      await exploitAndExploreOrHold();
      if (level < levels) await tellUp(newsFor(events));
      // 4. Judge.
      if (level > 1) await judge();
      if (level < levels && !early()) await hearPromotions();
    }
    // A round that the others do not count any more is not recorded either.
    const last = early();
    if (last && last.round < round) break;
    if (last) happened({ kind: 'ended', reason: last.reason });

    await orchestration.saveRound({ storage, round, subPopulation: level, events, trainerSeconds });
    if (level === 1 && (isTold() || last))
      await root().signal(roundCompletedSignal, {
        ...key(),
        rounds,
        summaries: [summarise(state, round, evaluatorsAtWork), ...above],
      });
    if (last) break;
    if (round < rounds && workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      const carry: Carried = { steering, rounds, news, promotions: promotionBatches, reports, commands, judged, above };
      await continueAsNew<typeof subPopulation>({ run, subPopulation: level, completedRound: round, carried: carry });
    }
  }

  const stoppedEarly = early();
  if (stoppedEarly && level < levels) await tellThatItEnded(stoppedEarly);
  await Promise.all(state.evaluations.map((_, slot) => evaluator(slot).signal(finishSignal, key())));
  show();
  if (level > 1) return null;
  return { winner: winnerOf(state, run), round, ...(stoppedEarly ? { stoppedEarly } : {}) };

  /** The compiler cannot see that others set it. */
  function early(): Ended | undefined {
    return ended;
  }

  function happened(...news: readonly RoundEvent[]): void {
    events.push(...news);
    state = applyEvents(state, news);
  }

  async function trainEveryone(): Promise<number> {
    const [trained, evaluated] = await Promise.all([trainMembers(), trainEvaluators()]);
    evaluatorsAtWork = evaluated.length;
    happened({
      kind: 'trained',
      step: round * stepsPerRound,
      members: trained.map(({ member, outcome: { checkpoint, scores } }) => ({ member, checkpoint, scores })),
      evaluators: evaluated.flatMap(({ slot, outcome }) =>
        outcome ? [{ slot, checkpoint: outcome.checkpoint, scores: outcome.scores }] : [],
      ),
    });
    happened(
      ...endWhere(state, (_, slot) =>
        evaluated.some((one) => one.slot === slot && one.outcome === null) ? 'training-failed' : undefined,
      ),
    );
    return [...trained, ...evaluated].reduce((sum, { outcome }) => sum + (outcome?.trainerSeconds ?? 0), 0);
  }

  async function trainMembers(): Promise<{ member: number; outcome: TrainOutcome }[]> {
    const outcomes = await Promise.all(
      state.members.map((member, index) => (member.stopped ? Promise.resolve(null) : trainUntilItWorks(member, index))),
    );
    return outcomes.flatMap((outcome, member) => (outcome ? [{ member, outcome }] : []));
  }

  /** Holds where training fails for good, until the operator resumes; null: the operator stopped the member instead. */
  async function trainUntilItWorks(member: MemberState, index: number): Promise<TrainOutcome | null> {
    const worker = memberName(level, index);
    const stopped = (): boolean =>
      commands.some(({ command }) => command.kind === 'stop-members' && command.members.includes(index));
    for (;;) {
      try {
        const request = trainRequest(member.checkpoint, member.hyperparameters, 'member', index);
        return await trainRound(request, `${worker}, round ${round}, steps ${request.fromStep} to ${request.toStep}`);
      } catch (error) {
        if (isCancellation(error)) throw error;
        const given = await hold(worker, reasonOf(error), stopped);
        if (given === 'run-stopped') giveUp(index, `the run was stopped while ${worker} held: ${reasonOf(error)}`);
        if (stopped()) return null;
      }
    }
  }

  async function trainEvaluators(): Promise<EvaluatorReport[]> {
    const busy = state.evaluations.filter((one) => one !== null).length;
    await Promise.all(
      state.evaluations.map(async (evaluation, slot) => {
        const verdict = judged.find((one) => one.slot === slot) ?? null;
        if (evaluation === null && verdict === null) return;
        const train = evaluation && {
          parent: evaluation.parent,
          child: evaluation.child,
          evaluationSteps: state.step - evaluation.assignedAtStep,
          request: trainRequest(evaluation.checkpoint, evaluation.hyperparameters, 'evaluator', slot),
        };
        await evaluator(slot).signal(instructSignal, { ...key(), judged: verdict, train });
      }),
    );
    const received = busy === 0 ? [] : await takeRound(reports, round, busy);
    return received.sort((a, b) => a.slot - b.slot);
  }

  async function exploitAndExploreOrHold(): Promise<void> {
    for (;;) {
      const exploited = exploitAndExplore(specification, round, state);
      if (exploited) return happened(exploited);
      const given = await hold(
        name,
        `every member that could be copied has diverged at step ${state.step}: only \`stopEarly\` of this sub-population or of the run ends that`,
        () => commands.some(({ command }) => command.kind === 'stop-members'),
      );
      if (given === 'run-stopped') return;
      follow('stop-members');
    }
  }

  /** One pass over the busy evaluators; what they earned goes down, an empty batch too. */
  async function judge(): Promise<void> {
    const [heard] = await takeRound(news, round);
    if (heard?.ended) {
      ended = heard.ended;
      return;
    }
    rounds = heard?.rounds ?? rounds;
    below = applyEvents(below, heard?.events ?? []);
    happened(...endForChildren(specification, state, below));
    const judgement = judgeEvaluators(specification, state, below);
    happened(judgement.event);
    below = judgement.below;
    judged = judgement.event.evaluations;
    const told = neighbour(level - 1).signal(promotionsSignal, {
      ...key(),
      promotions: judgement.promotions,
      summaries: [summarise(state, round, evaluatorsAtWork), ...above],
    });
    // In the round in which the operator ends the run, P(i−1) waits for no promotions any more.
    await unlessEnded(level - 1, told, () => patched(NEIGHBOUR_MAY_HAVE_ENDED));
  }

  async function hearPromotions(): Promise<void> {
    const [batch] = await takeRound(promotionBatches, round);
    happened(...receivePromotions(state, batch?.promotions ?? []));
    above = batch?.summaries ?? above;
  }

  async function tellUp(told: readonly RoundEvent[]): Promise<void> {
    toldUp = round;
    await neighbour(level + 1).signal(neighbourNewsSignal, { ...key(), events: told, rounds });
  }

  /** P(i+1) waits for news of some round: whatever round that is, it learns that the run has ended. */
  async function tellThatItEnded(last: Ended): Promise<void> {
    await unlessEnded(
      level + 1,
      neighbour(level + 1).signal(neighbourNewsSignal, {
        ...key(),
        round: toldUp + 1,
        events: [],
        rounds,
        ended: last,
      }),
    );
  }

  /** A neighbour that has ended needs no telling, where it may have. */
  async function unlessEnded(other: number, told: Promise<void>, mayHave = (): boolean => true): Promise<void> {
    try {
      await told;
    } catch (error) {
      if (isCancellation(error) || !mayHave()) throw error;
      log.info(`${subPopulationName(other)} was at its end already: ${reasonOf(error)}`);
    }
  }

  /** P1 alone: ends the run where the operator said so, lengthens it while nobody can be in the last round yet. */
  function heedSteering(): void {
    if (steering === null || round >= rounds) return;
    const everyoneStopped = state.members.every((member) => member.stopped) ? 'every member of P1 was stopped' : null;
    const reason = steering.stop ?? everyoneStopped;
    if (reason !== null) ended = { round, reason };
    // P(i) hears of it in round r + i − 2 at the latest.
    else if (round + levels - 2 < rounds && steering.rounds > rounds) rounds = steering.rounds;
  }

  async function whilePaused(): Promise<void> {
    if (steering?.pause == null) return;
    await condition(() => steering?.pause == null || steering.stop !== null);
    if (steering?.pause != null && steering.stop !== null && round > 0) ended = { round, reason: steering.stop };
  }

  /**
   * P(i ≥ 2): while the run is paused or being stopped it begins only rounds that P(i−1) has trained and waits for, so
   * that nobody trains what nobody asked for. Of its last round P(i−1) tells nothing.
   */
  async function whileNobodyWaits(): Promise<void> {
    const goesOn = (): boolean => (steering?.pause == null && steering?.stop == null) || round + 1 >= rounds;
    if (goesOn() || !patched(PAUSED_TOGETHER)) return;
    const heard = (): NeighbourNews | undefined => news.find((one) => one.round === round + 1);
    await condition(() => goesOn() || heard() !== undefined);
    const last = heard()?.ended;
    if (last && last.round <= round) ended = last;
  }

  /** Whether the root hears of this round. */
  function isTold(): boolean {
    return round >= rounds || round % roundsPerReport(rounds) === 0 || !patched(SPARSE_REPORTS);
  }

  /** Follows the operator's commands of these kinds. */
  function follow(...kinds: readonly Command['kind'][]): void {
    const due = commands.filter(({ command }) => kinds.includes(command.kind));
    commands.splice(0, commands.length, ...commands.filter(({ command }) => !kinds.includes(command.kind)));
    for (const { id, command } of due) {
      if (command.kind === 'stop-members' && command.members.every((member) => state.members[member]?.stopped))
        log.warn(`Ignored stopEarly of ${name}: stopped already`);
      happened(...followCommand(state, id, command));
    }
  }

  /** As though the operator had stopped the member: it cannot be trained, and nobody is to wait for it any more. */
  function giveUp(member: number, reason: string): void {
    commands.push({
      ...key(),
      id: `${name}/given-up/${round}/${member}`,
      command: { kind: 'stop-members', members: [member], reason },
    });
  }

  /** Answers a query about one member: the asked one, or the best. */
  function askedFor<Answer>(
    member: number | undefined,
    answer: (history: MemberState['history']) => Answer,
  ): Answer & { readonly member: string } {
    const index = member ?? bestMember(state)?.index ?? 0;
    const found = state.members[index];
    if (!found)
      throw new Error(
        `Expected the query's input to be a member's number from 0 to ${state.members.length - 1} or nothing, got \`${JSON.stringify(member)}\``,
      );
    return { member: memberName(level, index), ...answer(found.history) };
  }

  /**
   * Waits for a person, and says so where people look: until the operator resumes, stops the run, or what `enough`
   * looks for has come.
   */
  async function hold(
    worker: string,
    reason: string,
    enough: () => boolean,
  ): Promise<'enough' | 'resumed' | 'run-stopped'> {
    const resumes = steering?.resumes ?? 0;
    const stopEndsHolds = patched(STOP_ENDS_HOLDS);
    const given = (): 'enough' | 'resumed' | 'run-stopped' | undefined => {
      if (enough()) return 'enough';
      if ((steering?.resumes ?? 0) > resumes) return 'resumed';
      return stopEndsHolds && steering !== null && steering.stop !== null ? 'run-stopped' : undefined;
    };
    log.error(`${worker} holds in round ${round}: ${reason}`);
    await tellHolds([...holds, { worker, reason }]);
    await condition(() => given() !== undefined);
    await tellHolds(holds.filter((one) => one.worker !== worker));
    return given() ?? 'enough';
  }

  async function tellHolds(now: typeof holds): Promise<void> {
    holds = now;
    show();
    await root().signal(holdSignal, {
      ...key(),
      reasons: holds.map(({ worker, reason }) => `${worker} in round ${round}: ${reason}`),
    });
  }

  function show(): void {
    const reasons = holds.map(({ worker, reason }) => `${worker}: ${reason}`);
    setCurrentDetails(describeSubPopulation(run.workflowId, state, round, rounds, reasons));
  }

  function key(): MessageKey {
    return { generation: run.generation, round, sender: name };
  }

  function root(): ExternalWorkflowHandle {
    return getExternalWorkflowHandle(run.workflowId);
  }

  function neighbour(other: number): ExternalWorkflowHandle {
    return getExternalWorkflowHandle(childWorkflowId(run.workflowId, subPopulationName(other)));
  }

  function evaluator(slot: number): ExternalWorkflowHandle {
    return getExternalWorkflowHandle(childWorkflowId(run.workflowId, evaluatorName(level, slot)));
  }

  function trainRequest(
    checkpoint: MemberState['checkpoint'],
    hyperparameters: MemberState['hyperparameters'],
    kind: 'member' | 'evaluator',
    index: number,
  ): TrainRequest {
    const { task, seed, threads, evalEvery } = specification;
    const fromStep = (round - 1) * stepsPerRound;
    return {
      storage,
      task,
      seed,
      threads,
      worker: { subPopulation: level, kind, index },
      checkpoint,
      fromStep,
      toStep: fromStep + stepsPerRound,
      evalEvery,
      hyperparameters,
    };
  }
}

function winnerOf(state: PopulationState, run: Run): Winner {
  const best = bestMember(state);
  if (!best?.member.checkpoint)
    throw ApplicationFailure.nonRetryable(
      `Cannot pick a winner of run ${run.workflowId}: every member of P1 has diverged`,
      'NoWinner',
    );
  return { member: best.index, score: best.score, checkpoint: best.member.checkpoint, history: best.member.history };
}
