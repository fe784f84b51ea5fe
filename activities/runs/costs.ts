/**
 * Costs of a run and its curve, computed from the records of its rounds.
 */
import type { CheckpointReference } from '../contracts/checkpoint.ts';
import type { EvaluationCosts, RunCurve, TrainingCosts } from '../contracts/comparison.ts';
import type { RoundRecord } from './rounds.ts';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import { bestScoreOf } from '../../workflows/population/scores.ts';

/** Returns the costs and the curve of a run; `levels` has the records of each sub-population, P1 first, all rounds. */
export function accountFor(levels: readonly (readonly RoundRecord[])[]): RunAccount {
  return sumTallies(
    levels.map((records) => {
      const tally = new LevelTally();
      for (const record of records) tally.add(record);
      return tally;
    }),
  );
}

/** What a run cost, and its curve. */
export interface RunAccount {
  readonly costs: TrainingCosts;
  readonly curve: RunCurve;
}

/** Returns the costs and the curve of a run from the tallies of its sub-populations, P1 first. */
export function sumTallies(levels: readonly LevelTally[]): RunAccount {
  const tallies = levels.map((level) => level.tally());
  const total = (number: (tally: Tally) => number): number => tallies.reduce((sum, tally) => sum + number(tally), 0);
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

interface Tally {
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

/** What one sub-population cost, as far as its records were added. */
export class LevelTally {
  readonly #tally: Tally = {
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
  readonly #spentSteps = new Map<number, number>();
  /** Slots whose evaluation overlapped with its child when it was last judged. */
  readonly #met = new Set<number>();
  #state = emptyPopulation();

  /** Adds the record of the next round. */
  add({ events, cost }: RoundRecord): void {
    const tally = this.#tally;
    for (const event of events) {
      if (event.kind === 'trained') tallyTraining(tally, this.#spentSteps, this.#state, event);
      for (const { slot, verdict } of event.kind === 'judged' ? event.evaluations : []) {
        if (verdict.overlap) this.#met.add(slot);
        else this.#met.delete(slot);
      }
      for (const { slot, reason } of endsIn(event)) {
        countEnd(tally.ends, reason, this.#stepsOf(slot));
        this.#spentSteps.delete(slot);
        this.#met.delete(slot);
      }
      this.#state = applyEvents(this.#state, [event]);
    }
    tally.trainerSeconds += cost.trainerSeconds;
    tally.rounds.push({ steps: tally.memberSteps + tally.evaluatorSteps, bestScore: bestScoreOf(this.#state) });
  }

  /** Returns the sums; evaluations that go on count as unfinished. */
  tally(): Tally {
    const ends = new Map(this.#tally.ends);
    for (const [slot, evaluation] of this.#state.evaluations.entries())
      if (evaluation) countEnd(ends, 'unfinished', this.#stepsOf(slot));
    return { ...this.#tally, ends, promotions: this.#state.promotions };
  }

  #stepsOf(slot: number): Omit<EvaluationCosts, 'count'> {
    return { steps: this.#spentSteps.get(slot) ?? 0, neverMet: this.#met.has(slot) ? 0 : 1 };
  }
}

function countEnd(
  ends: Map<string, EvaluationCosts>,
  reason: string,
  { steps, neverMet }: Omit<EvaluationCosts, 'count'>,
): void {
  const before = ends.get(reason) ?? NONE;
  ends.set(reason, { count: before.count + 1, steps: before.steps + steps, neverMet: before.neverMet + neverMet });
}

function tallyTraining(
  tally: Tally,
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
