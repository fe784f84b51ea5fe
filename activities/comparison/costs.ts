/**
 * Costs of a run and its curve, computed from the records of its rounds.
 */
import type { CheckpointReference } from '../contracts/checkpoint.ts';
import type { EvaluationCosts, RunCurve, TrainingCosts } from '../contracts/comparison.ts';
import type { RoundRecord } from '../runs/rounds.ts';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import { bestScoreOf } from '../../workflows/population/scores.ts';

/** Returns the costs and the curve of a run; `levels` has the records of each sub-population, P1 first, all rounds. */
export function accountFor(levels: readonly (readonly RoundRecord[])[]): {
  readonly costs: TrainingCosts;
  readonly curve: RunCurve;
} {
  const tallies = levels.map(tallyLevel);
  const total = (number: (tally: LevelTally) => number): number =>
    tallies.reduce((sum, tally) => sum + number(tally), 0);
  const evaluations = mergeEnds(tallies.map(({ ends }) => ends));
  const evaluatorSteps = total((tally) => tally.evaluatorSteps);
  const thrownAway = Object.entries(evaluations).reduce(
    (sum, [reason, { steps }]) => (reason === 'success' || reason === 'unfinished' ? sum : sum + steps),
    0,
  );
  const rounds = tallies[0]?.rounds ?? [];
  return {
    costs: {
      memberSteps: total((tally) => tally.memberSteps),
      evaluatorSteps,
      trainerSeconds: total((tally) => tally.trainerSeconds),
      checkpoints: {
        written: total(({ written }) => written.count),
        writtenBytes: total(({ written }) => written.bytes),
        read: total(({ read }) => read.count),
        readBytes: total(({ read }) => read.bytes),
      },
      evaluations,
      thrownAwayShare: evaluatorSteps === 0 ? null : thrownAway / evaluatorSteps,
      promotions: tallies.map(({ promotions }) => promotions),
    },
    curve: {
      workerSteps: rounds.map((_, index) => total((tally) => tally.rounds[index]?.steps ?? 0)),
      bestScores: rounds.map(({ bestScore }) => bestScore),
    },
  };
}

interface LevelTally {
  memberSteps: number;
  evaluatorSteps: number;
  trainerSeconds: number;
  promotions: number;
  readonly written: { count: number; bytes: number };
  readonly read: { count: number; bytes: number };
  readonly ends: Map<string, EvaluationCosts>;
  /** After each round: the steps so far, and the best newest score. */
  readonly rounds: { readonly steps: number; readonly bestScore: number | null }[];
}

function tallyLevel(records: readonly RoundRecord[]): LevelTally {
  const tally: LevelTally = {
    memberSteps: 0,
    evaluatorSteps: 0,
    trainerSeconds: 0,
    promotions: 0,
    written: { count: 0, bytes: 0 },
    read: { count: 0, bytes: 0 },
    ends: new Map(),
    rounds: [],
  };
  /** Steps of the current evaluation, by slot. */
  const spentSteps = new Map<number, number>();
  /** Slots whose evaluation overlapped with its child when it was last judged. */
  const met = new Set<number>();
  let state = emptyPopulation();
  for (const { events, cost } of records) {
    for (const event of events) {
      if (event.kind === 'trained') tallyTraining(tally, spentSteps, state, event);
      for (const { slot, verdict } of event.kind === 'judged' ? event.evaluations : []) {
        if (verdict.overlap) met.add(slot);
        else met.delete(slot);
      }
      for (const { slot, reason } of endsIn(event)) end(slot, reason);
      state = applyEvents(state, [event]);
    }
    tally.trainerSeconds += cost.trainerSeconds;
    tally.rounds.push({ steps: tally.memberSteps + tally.evaluatorSteps, bestScore: bestScoreOf(state) });
  }
  for (const [slot, evaluation] of state.evaluations.entries()) if (evaluation) end(slot, 'unfinished');
  tally.promotions = state.promotions;
  return tally;

  function end(slot: number, reason: string): void {
    const { count, steps, neverMet } = tally.ends.get(reason) ?? NONE;
    tally.ends.set(reason, {
      count: count + 1,
      steps: steps + (spentSteps.get(slot) ?? 0),
      neverMet: neverMet + (met.has(slot) ? 0 : 1),
    });
    spentSteps.delete(slot);
    met.delete(slot);
  }
}

function tallyTraining(
  tally: LevelTally,
  spentSteps: Map<number, number>,
  state: PopulationState,
  { step, members, evaluators }: Extract<RoundEvent, { kind: 'trained' }>,
): void {
  const steps = step - state.step;
  const tallyCheckpoints = (from: CheckpointReference | null | undefined, to: CheckpointReference): void => {
    tally.written.count += 1;
    tally.written.bytes += to.sizeBytes;
    if (!from) return;
    tally.read.count += 1;
    tally.read.bytes += from.sizeBytes;
  };
  for (const { member, checkpoint } of members) tallyCheckpoints(state.members[member]?.checkpoint, checkpoint);
  for (const { slot, checkpoint } of evaluators) {
    tallyCheckpoints(state.evaluations[slot]?.checkpoint, checkpoint);
    spentSteps.set(slot, (spentSteps.get(slot) ?? 0) + steps);
  }
  tally.memberSteps += steps * members.length;
  tally.evaluatorSteps += steps * evaluators.length;
}

function endsIn(event: RoundEvent): readonly { readonly slot: number; readonly reason: string }[] {
  if (event.kind === 'evaluations-ended') return event.ended;
  if (event.kind !== 'judged') return [];
  return event.evaluations.flatMap(({ slot, verdict }) =>
    verdict.outcome === 'continue' ? [] : [{ slot, reason: verdict.reason }],
  );
}

function mergeEnds(levels: readonly ReadonlyMap<string, EvaluationCosts>[]): Record<string, EvaluationCosts> {
  const reasons = [...new Set(levels.flatMap((ends) => [...ends.keys()]))].sort();
  const sum = (reason: string, number: (costs: EvaluationCosts) => number): number =>
    levels.reduce((total, ends) => total + number(ends.get(reason) ?? NONE), 0);
  return Object.fromEntries(
    reasons.map((reason) => [
      reason,
      {
        count: sum(reason, ({ count }) => count),
        steps: sum(reason, ({ steps }) => steps),
        neverMet: sum(reason, ({ neverMet }) => neverMet),
      },
    ]),
  );
}

const NONE: EvaluationCosts = { count: 0, steps: 0, neverMet: 0 };
