/**
 * The decisions of one round of one sub-population before judging, in the order of the paper: assign, (train,) exploit
 * and explore. `judging.ts` has step 4; `ended-evaluations.ts` has the other ends of evaluations.
 *
 * Pure functions from states to events. All randomness comes from streams named by purpose, sub-population, round and
 * member, so a decision depends only on the specification's seed and on scores.
 */
import { isDiverged, newestScore } from './scores.ts';
import {
  chooseChild,
  chooseParents,
  exploit,
  explore,
  fitnessByImprovement,
  randomStream,
  sampleInitial,
  scheduled,
} from '../algorithm/index.ts';
import type { RoundEvent } from './events.ts';
import { smoothed } from './smoothed-curve.ts';
import type { PopulationState } from './state.ts';
import { subPopulationName } from './names.ts';
import type { HyperparameterValues } from '../algorithm/hyperparameters.ts';
import type { Specification } from '../../activities/specification/specification.ts';

type EventOf<K extends RoundEvent['kind']> = Extract<RoundEvent, { kind: K }>;

/** Draws the initial hyperparameters of every member of P`subPopulation`. */
export function initialise(specification: Specification, subPopulation: number): EventOf<'initialised'> {
  const { seed, hyperparameters, subPopulations } = specification;
  const { members, evaluators } = subPopulations[subPopulation - 1] ?? { members: 0, evaluators: 0 };
  const name = subPopulationName(subPopulation);
  return {
    kind: 'initialised',
    subPopulation,
    evaluators,
    members: Array.from({ length: members }, (_, member) =>
      sampleInitial(hyperparameters, randomStream(seed, 'initial', name, member)),
    ),
  };
}

/**
 * Returns the changes of a schedule before a round; none without a schedule. Members that were stopped, or had their
 * hyperparameters set by hand, keep their values.
 */
export function followSchedule(
  specification: Specification,
  round: number,
  state: PopulationState,
): readonly RoundEvent[] {
  const { schedule, seed, hyperparameters: spaces, steps, stepsPerRound } = specification;
  if (schedule === undefined) return [];
  const name = subPopulationName(state.subPopulation);
  const members = initialise(specification, state.subPopulation).members.flatMap((first, member) => {
    const now = state.members[member];
    if (!now || now.stopped || now.setByHandAtStep !== null) return [];
    const toStep = round * stepsPerRound;
    const hyperparameters = scheduled(
      schedule,
      first,
      spaces,
      { fromStep: toStep - stepsPerRound, toStep, steps },
      randomStream(seed, 'schedule', name, member),
    );
    return equal(hyperparameters, now.hyperparameters) ? [] : [{ member, hyperparameters }];
  });
  return members.length > 0 ? [{ kind: 'scheduled', members }] : [];
}

function equal(a: HyperparameterValues, b: HyperparameterValues): boolean {
  return Object.keys(a).every((name) => a[name] === b[name]);
}

/** Step 1: each idle evaluator takes a parent, and all share a child of `below`, P(i−1) after the previous round. */
export function assign(
  specification: Specification,
  round: number,
  state: PopulationState,
  below: PopulationState,
): EventOf<'assigned'> {
  const { seed, evaluation } = specification;
  const idle = state.evaluations.flatMap((one, slot) => (one === null ? [slot] : []));
  if (idle.length === 0 || state.step < evaluation.minStepsBeforeEval) return { kind: 'assigned', assignments: [] };

  const evaluated = state.evaluations.map((one) => one?.parent);
  const candidates = state.members.map((member, index) => ({
    member: index,
    available: !member.stopped && !isDiverged(member.curve.scores) && !evaluated.includes(index),
    idleSinceStep: member.idleSinceStep,
    exploitedLast: member.exploitedLast,
  }));
  const children = below.members.map((member, index) => ({
    member: index,
    healthy: !member.stopped && !isDiverged(member.curve.scores),
    fitness: member.fitness,
    justExplored: member.justExplored,
  }));
  const child = chooseChild(children, randomStream(seed, 'child', subPopulationName(state.subPopulation), round));
  const hyperparameters = child === undefined ? undefined : below.members[child]?.hyperparameters;
  if (child === undefined || hyperparameters === undefined) return { kind: 'assigned', assignments: [] };
  const assignments = chooseParents(idle, candidates, evaluation.order).map(({ slot, parent }) => ({
    slot,
    parent,
    child,
    hyperparameters,
  }));
  return { kind: 'assigned', assignments };
}

/**
 * Step 3: decides which members copy which others, and with which hyperparameters. Returns undefined if a member must
 * be replaced and no healthy member is left. Members that follow a schedule copy no others.
 */
export function exploitAndExplore(
  specification: Specification,
  round: number,
  state: PopulationState,
): EventOf<'exploited'> | undefined {
  const { seed, hyperparameters: spaces } = specification;
  const name = subPopulationName(state.subPopulation);
  const fitness = rank(specification, state);
  if (specification.schedule) return { kind: 'exploited', fitness, copies: [] };
  const contenders = state.members.map((member, index) => ({
    member: index,
    status: member.stopped
      ? ('stopped' as const)
      : isDiverged(member.curve.scores)
        ? ('diverged' as const)
        : ('healthy' as const),
    // Ranking by scores includes all members, with diverged ones last. Ranking by improvement includes only members
    // with a busy evaluator.
    fitness: isRankedByScore(specification, state) && isDiverged(member.curve.scores) ? 0 : (fitness[index] ?? null),
    spared: isSpared(specification, state, index),
  }));
  const exploitation = exploit(contenders, randomStream(seed, 'exploit', name, round));
  if (exploitation.outcome === 'no-healthy-source') return undefined;
  const copies = exploitation.copies.flatMap(({ member, source }) => {
    const copied = state.members[source];
    return copied
      ? [
          {
            member,
            source,
            hyperparameters: explore(
              copied.hyperparameters,
              spaces,
              randomStream(seed, 'explore', name, round, member),
            ),
          },
        ]
      : [];
  });
  return { kind: 'exploited', fitness, copies };
}

/** Tells whether a member's evaluation is shorter than `patience`. */
function isSpared(
  { evaluation: { patience } }: Specification,
  { step, evaluations }: PopulationState,
  member: number,
): boolean {
  return evaluations.some((one) => one !== null && one.parent === member && step - one.assignedAtStep < patience);
}

function isRankedByScore({ evaluation: { ranking } }: Specification, { subPopulation }: PopulationState): boolean {
  return subPopulation === 1 || ranking === 'score';
}

/**
 * Returns the fitness per member: the newest score in P1; in P2 and above, the improvement rate of members with a busy
 * evaluator. Null: not ranked in this round.
 */
function rank(specification: Specification, state: PopulationState): (number | null)[] {
  if (isRankedByScore(specification, state)) {
    return state.members.map((member) => {
      const score = newestScore(member.curve.scores);
      return member.stopped || typeof score !== 'number' ? null : score;
    });
  }
  const evaluations = state.evaluations.flatMap((evaluation) => {
    const curve = evaluation === null ? 'diverged' : smoothed(evaluation.curve, specification);
    return evaluation === null || curve === 'diverged' || state.members[evaluation.parent]?.stopped === true
      ? []
      : [{ member: evaluation.parent, curve }];
  });
  const ranked = fitnessByImprovement(evaluations, specification.evaluation.shifts);
  return state.members.map((_, index) => ranked.find((one) => one.member === index)?.fitness ?? null);
}
