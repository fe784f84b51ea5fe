/**
 * One sub-population's loop: P1 chases the objective as PBT does, Pi (i ≥ 2) is ranked by improvement rate and judges its own evaluators.
 *
 * A round: assign, train, exploit and explore, tell P(i+1), hear P(i−1), judge, promote into P(i−1), hear P(i+1), record. News goes up and promotions come
 * down, so it cannot deadlock. History: three events an activity, one activity a member, four signals an evaluator and three a neighbour each
 * round; it continues as new between two rounds when the server suggests it, carrying the number of the round it recorded rather than curves.
 */
import {
  ApplicationFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
  allHandlersFinished,
} from '@temporalio/workflow';
import {
  beginSignal,
  belongsTo,
  evaluatorReportSignal,
  evaluatorsQuery,
  finishSignal,
  holdSignal,
  instructSignal,
  membersQuery,
  MESSAGE_DESCRIPTIONS,
  neighbourNewsSignal,
  promotionsSignal,
  roundCompletedSignal,
} from './messages.ts';
import type { EvaluatorReport, EvaluatorView, MessageKey, NeighbourNews, PromotionBatch, SubPopulationSummary } from './messages.ts';
import { deliver, takeRound } from './inbox.ts';
import { assign, exploitAndExplore, initialise, judgeEvaluators, receivePromotions, summarise } from './round.ts';
import { applyEvents, emptyPopulation } from './population-state.ts';
import type { JudgedEvaluation, PopulationState, RoundEvent } from './population-state.ts';
import { childWorkflowId, evaluatorName, memberName, subPopulationName } from './names.ts';
import { bestMember } from './scores.ts';
import { orchestration, trainRound } from './run.ts';
import type { Run } from './run.ts';
import type { TrainOutcome } from '../activities/train-contract.ts';
import type { Winner } from '../activities/orchestration-contract.ts';

export interface SubPopulationInput {
  readonly run: Run;
  readonly subPopulation: number;
  /** Newest recorded round; 0 starts afresh. */
  readonly completedRound: number;
  /** Carried through continue-as-new: messages not yet consumed, the last verdicts for the evaluators, what P(i+1) last said of itself. */
  readonly carried?: Carried;
}

interface Carried {
  readonly begun: boolean;
  readonly news: readonly NeighbourNews[];
  readonly promotions: readonly PromotionBatch[];
  readonly reports: readonly EvaluatorReport[];
  readonly judged: readonly JudgedEvaluation[];
  readonly above: readonly SubPopulationSummary[];
}

/** Runs P`subPopulation` to the end. P1 returns the run's winner, the others null; a P1 without a healthy member at the end fails. */
export async function subPopulation(input: SubPopulationInput): Promise<Winner | null> {
  const { run, subPopulation: level } = input;
  const { specification, storage } = run;
  const name = subPopulationName(level);
  const levels = specification.subPopulations.length;
  const rounds = specification.steps / specification.stepsPerRound;

  let begun = input.carried?.begun ?? false;
  const news = [...(input.carried?.news ?? [])];
  const promotionBatches = [...(input.carried?.promotions ?? [])];
  const reports = [...(input.carried?.reports ?? [])];
  let judged = input.carried?.judged ?? [];
  let above = input.carried?.above ?? [];
  let state = emptyPopulation();
  let below = emptyPopulation();
  let round = input.completedRound;

  const ours = (message: unknown): boolean => belongsTo(run.generation, message);
  setHandler(beginSignal, (message) => void (ours(message) && (begun = true)), { description: MESSAGE_DESCRIPTIONS.begin });
  setHandler(neighbourNewsSignal, (message) => void (ours(message) && deliver(news, message)), { description: MESSAGE_DESCRIPTIONS.neighbourNews });
  setHandler(promotionsSignal, (message) => void (ours(message) && deliver(promotionBatches, message)), { description: MESSAGE_DESCRIPTIONS.promotions });
  setHandler(evaluatorReportSignal, (message) => void (ours(message) && deliver(reports, message)), { description: MESSAGE_DESCRIPTIONS.evaluatorReport });
  setDefaultSignalHandler((signalName) => log.warn(`Ignored signal ${signalName}: a sub-population is steered through the root of its run`));
  setHandler(membersQuery, () => state.members, { description: MESSAGE_DESCRIPTIONS.members });
  setHandler(evaluatorsQuery, () => viewEvaluators(state, judged), { description: MESSAGE_DESCRIPTIONS.evaluators });

  const key = (): MessageKey => ({ generation: run.generation, round, sender: name });
  const neighbour = (other: number): ReturnType<typeof getExternalWorkflowHandle> =>
    getExternalWorkflowHandle(childWorkflowId(run.workflowId, subPopulationName(other)));
  const evaluator = (slot: number): ReturnType<typeof getExternalWorkflowHandle> =>
    getExternalWorkflowHandle(childWorkflowId(run.workflowId, evaluatorName(level, slot)));

  await condition(() => begun);
  if (round > 0) {
    state = await loadState(run, round, level);
    if (level > 1) below = await loadState(run, round, level - 1);
  } else if (level > 1) {
    below = applyEvents(below, [initialise(specification, level - 1)]);
  }

  while (round < rounds) {
    round += 1;
    const events: RoundEvent[] = [];
    const happened = (...news: readonly RoundEvent[]): void => {
      events.push(...news);
      state = applyEvents(state, news);
    };
    if (round === 1) happened(initialise(specification, level));

    // 1. Assign.
    if (level > 1 && round > 1) happened(assign(specification, round, state, below));

    // 2. Train: everyone one round, members here and evaluators in their own workflows; all wait for the slowest.
    setCurrentDetails(tellState(run, state, round, rounds));
    const [outcomes, evaluated] = await Promise.all([trainMembers(), trainEvaluators()]);
    const step = round * specification.stepsPerRound;
    happened({
      kind: 'trained',
      step,
      members: outcomes.map(({ member, outcome: { checkpoint, scores } }) => ({ member, checkpoint, scores })),
      evaluators: evaluated.map(({ slot, checkpoint, scores }) => ({ slot, checkpoint, scores })),
    });
    const trainerSeconds = [...outcomes.map((one) => one.outcome), ...evaluated].reduce((sum, one) => sum + one.trainerSeconds, 0);

    judged = [];
    if (round < rounds) {
      // 3. Exploit and explore.
      const exploited = exploitAndExplore(specification, round, state);
      if (exploited === undefined) await hold(`every member that could be copied has diverged at step ${step}`);
      else happened(exploited);
      if (level < levels) await neighbour(level + 1).signal(neighbourNewsSignal, { ...key(), events: newsFor(events) });

      // 4. Judge: one pass over the busy evaluators; what they earned goes down, an empty batch too.
      if (level > 1) {
        const [heard] = await takeRound(news, round);
        below = applyEvents(below, heard?.events ?? []);
        const judgement = judgeEvaluators(specification, state, below);
        happened(judgement.event);
        below = judgement.below;
        judged = judgement.event.evaluations;
        const summaries = [summarise(state, round), ...above];
        await neighbour(level - 1).signal(promotionsSignal, { ...key(), promotions: judgement.promotions, summaries });
      }
      if (level < levels) {
        const [batch] = await takeRound(promotionBatches, round);
        happened(...receivePromotions(state, batch?.promotions ?? []));
        above = batch?.summaries ?? above;
      }
    }

    await orchestration.saveRound({ storage, round, subPopulation: level, events, trainerSeconds });
    if (level === 1) await tellRoot();
    if (round < rounds && workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      const carried: Carried = { begun, news, promotions: promotionBatches, reports, judged, above };
      await continueAsNew<typeof subPopulation>({ run, subPopulation: level, completedRound: round, carried });
    }
  }

  await Promise.all(state.evaluations.map((_, slot) => evaluator(slot).signal(finishSignal, key())));
  setCurrentDetails(tellState(run, state, round, rounds));
  return level === 1 ? winnerOf(state, run) : null;

  async function trainMembers(): Promise<{ member: number; outcome: TrainOutcome }[]> {
    const training = state.members.flatMap((member, index) => (member.stopped ? [] : [{ index, member }]));
    return Promise.all(
      training.map(async ({ index, member }) => ({
        member: index,
        outcome: await trainRound(
          request(member.checkpoint, member.hyperparameters, 'member', index),
          `${memberName(level, index)}, round ${round}, steps ${state.step} to ${round * specification.stepsPerRound}`,
        ),
      })),
    );
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
          request: request(evaluation.checkpoint, evaluation.hyperparameters, 'evaluator', slot),
        };
        await evaluator(slot).signal(instructSignal, { ...key(), judged: verdict, train });
      }),
    );
    const received = busy === 0 ? [] : await takeRound(reports, round, busy);
    return received.sort((a, b) => a.slot - b.slot);
  }

  function request(
    checkpoint: PopulationState['members'][number]['checkpoint'],
    hyperparameters: PopulationState['members'][number]['hyperparameters'],
    kind: 'member' | 'evaluator',
    index: number,
  ): Parameters<typeof trainRound>[0] {
    const { task, seed, threads, evalEvery, stepsPerRound } = specification;
    return {
      storage,
      task,
      seed,
      threads,
      worker: { subPopulation: level, kind, index },
      checkpoint,
      fromStep: state.step,
      toStep: state.step + stepsPerRound,
      evalEvery,
      hyperparameters,
    };
  }

  async function tellRoot(): Promise<void> {
    const root = getExternalWorkflowHandle(run.workflowId);
    await root.signal(roundCompletedSignal, { ...key(), summaries: [summarise(state, round), ...above] });
  }

  /** Nothing that the workflow may decide helps: it waits for a person, and says so where people look. */
  async function hold(reason: string): Promise<void> {
    log.error(`${name} holds in round ${round}: ${reason}`);
    setCurrentDetails(`**${name} holds** in round ${round}: ${reason}. Cancel the run, or start a new one with other hyperparameters.`);
    await getExternalWorkflowHandle(run.workflowId).signal(holdSignal, { ...key(), subPopulation: level, reason });
    await condition(() => false);
  }
}

/** What P(i+1) needs of a round: training and exploits of the members. */
function newsFor(events: readonly RoundEvent[]): RoundEvent[] {
  return events.flatMap((event): RoundEvent[] => {
    if (event.kind === 'trained') return [{ ...event, evaluators: [] }];
    return event.kind === 'exploited' ? [event] : [];
  });
}

async function loadState(run: Run, round: number, level: number): Promise<PopulationState> {
  const { storage } = run;
  const first = await orchestration.loadRound({ storage, round, subPopulation: level, part: 0 });
  let text = first.text;
  for (let part = 1; part < first.parts; part += 1) text += (await orchestration.loadRound({ storage, round, subPopulation: level, part })).text;
  return JSON.parse(text) as PopulationState;
}

function winnerOf(state: PopulationState, run: Run): Winner {
  const best = bestMember(state);
  if (!best?.member.checkpoint) {
    throw ApplicationFailure.nonRetryable(`Cannot pick a winner of run ${run.workflowId}: every member of P1 has diverged or was stopped`, 'NoWinner');
  }
  return { member: best.index, score: best.score, checkpoint: best.member.checkpoint, history: best.member.history };
}

function viewEvaluators(state: PopulationState, judged: readonly JudgedEvaluation[]): EvaluatorView[] {
  return state.evaluations.map((evaluation, slot) => {
    const last = judged.find((one) => one.slot === slot);
    return {
      slot,
      evaluation: evaluation && {
        parent: evaluation.parent,
        child: evaluation.child,
        assignedAtStep: evaluation.assignedAtStep,
        hyperparameters: evaluation.hyperparameters,
        scores: evaluation.curve.scores,
      },
      lastVerdict: last ? { ...last.verdict, parent: last.parent, child: last.child, evaluationSteps: last.evaluationSteps } : null,
    };
  });
}

/** Markdown for the Web UI: members in order of their newest score. */
function tellState(run: Run, state: PopulationState, round: number, rounds: number): string {
  const rows = state.members
    .map((member, index) => ({ name: memberName(state.subPopulation, index), score: member.curve.scores.at(-1) ?? '–', values: JSON.stringify(member.hyperparameters) }))
    .sort((a, b) => (typeof b.score === 'number' ? b.score : -Infinity) - (typeof a.score === 'number' ? a.score : -Infinity))
    .map(({ name, score, values }) => `| ${name} | ${score} | \`${values}\` |`);
  const title = `**${subPopulationName(state.subPopulation)}** of \`${run.workflowId}\`, round ${round} of ${rounds}; ${state.promotions} promotions received`;
  return [title, '', '| member | newest score | hyperparameters |', '|---|---|---|', ...rows].join('\n');
}
