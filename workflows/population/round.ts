/**
 * The decisions of one round of one sub-population, in the order of algorithm.md: assign, (train,) exploit and explore,
 * judge.
 *
 * Pure functions from states to events. All randomness comes from streams named by purpose, sub-population, round and
 * member, so a decision depends on the specification's seed and on scores, and on nothing else.
 */
import { isDiverged, newestScore } from './scores.ts';
import {
  chooseChild,
  chooseParents,
  exploit,
  explore,
  fitnessByImprovement,
  judge,
  randomStream,
  sampleInitial,
  scheduled,
  smooth,
} from '../algorithm/index.ts';
import type { Curve, Verdict } from '../algorithm/index.ts';
import { applyEvents } from './state.ts';
import type {
  Command,
  EndedEvaluation,
  EndReason,
  EvaluationState,
  JudgedEvaluation,
  MemberState,
  PopulationState,
  Promotion,
  RoundEvent,
  ScoreCurve,
} from './state.ts';
import { evaluatorName, subPopulationName } from './names.ts';
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
 * What a schedule changes before a round; who was stopped, or had hyperparameters set by hand, keeps them. Nothing
 * without a schedule.
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

/** Step 1: idle evaluators take a parent each and share a child of `below`, P(i−1) as the previous round left it. */
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
 * Step 3: who copies whom, with which hyperparameters; undefined where something must be replaced and nothing healthy
 * is left. Who follows a schedule copies nobody.
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
    // By scores everybody is ranked, the diverged last whatever the number; by improvement, only who has a busy
    // evaluator.
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

/** Whether a member's evaluation is younger than the patience asked for. */
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
 * Fitness per member: P1's newest score; above, the improvement rate of members with a busy evaluator. Null: not ranked
 * this round.
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

/**
 * Step 4: judges every busy evaluator in slot order, on the curves of `below` after its step 3 and after the promotions
 * made before in this pass. Returns the event, what P(i−1) is to be given, and P(i−1) as it will then be.
 */
export function judgeEvaluators(
  specification: Specification,
  state: PopulationState,
  below: PopulationState,
): { readonly event: EventOf<'judged'>; readonly promotions: readonly Promotion[]; readonly below: PopulationState } {
  const { childReplaced, promotes } = specification.evaluation;
  const evaluations: JudgedEvaluation[] = [];
  const promotions: Promotion[] = [];
  const childCurves: (Curve | 'diverged' | undefined)[] = [];
  let neighbour = below;

  for (const [slot, evaluation] of state.evaluations.entries()) {
    const assigned = evaluation === null ? undefined : neighbour.members[evaluation.child];
    if (evaluation === null || assigned === undefined) continue;
    const { parent } = evaluation;
    const evaluator = smoothed(evaluation.curve, specification);
    const evaluationSteps = state.step - evaluation.assignedAtStep;
    const judgedAgainst = (child: number): JudgedEvaluation => ({
      slot,
      parent,
      child,
      evaluationSteps,
      verdict: judge({
        ...specification.evaluation,
        evaluator,
        child: (childCurves[child] ??= smoothed(neighbour.members[child]?.curve ?? NO_CURVE, specification)),
        evaluationSteps,
        childExploited: neighbour.members[child]?.justExplored ?? false,
        childPromotedThisPass: promotions.some((one) => one.member === child),
        parentExploited: state.members[parent]?.justExplored ?? false,
      }),
    });
    const follows = childReplaced === 'follow' && assigned.justExplored;
    let judged = judgedAgainst(follows ? (assigned.copiedFrom ?? evaluation.child) : evaluation.child);
    const others = succeeded(judged.verdict) ? [] : othersToBeat(specification, neighbour, judged.child, promotions);
    for (const other of others) {
      const alternative = judgedAgainst(other);
      if (!succeeded(alternative.verdict)) continue;
      judged = alternative;
      break;
    }
    evaluations.push(judged);
    if (succeeded(judged.verdict) && promotes) {
      const { child } = judged;
      const { checkpoint, curve, history } = evaluation;
      const promotion: Promotion = {
        evaluator: evaluatorName(state.subPopulation, slot),
        parent,
        member: child,
        checkpoint,
        curve,
        history,
      };
      promotions.push(promotion);
      neighbour = applyEvents(neighbour, [{ kind: 'promoted', promotions: [promotion] }]);
      childCurves[child] = undefined;
    }
  }
  return { event: { kind: 'judged', evaluations }, promotions, below: neighbour };
}

const NO_CURVE: ScoreCurve = { sinceStep: 0, scores: [] };

function succeeded({ outcome }: Verdict): boolean {
  return outcome === 'success';
}

/**
 * Members of P(i−1), other than the child, that an evaluator may succeed against where the specification lets it: the
 * fittest first, none that was promoted in this pass.
 */
function othersToBeat(
  { evaluation: { against } }: Specification,
  below: PopulationState,
  child: number,
  promotions: readonly Promotion[],
): number[] {
  if (against !== 'anyone') return [];
  const candidates = below.members.flatMap((member, index) =>
    index === child || member.stopped || promotions.some((one) => one.member === index) ? [] : [{ index, member }],
  );
  const fitnessOf = ({ fitness }: MemberState): number => fitness ?? -Infinity;
  return candidates
    .sort((a, b) =>
      fitnessOf(b.member) === fitnessOf(a.member) ? a.index - b.index : fitnessOf(b.member) - fitnessOf(a.member),
    )
    .map(({ index }) => index);
}

/**
 * Ends the evaluations whose child was stopped, or had its hyperparameters set, by hand in this round: they compare
 * with a member that is no more.
 */
export function endForChildren(
  { stepsPerRound }: Specification,
  state: PopulationState,
  below: PopulationState,
): readonly RoundEvent[] {
  return endWhere(state, ({ child }) => {
    const member = below.members[child];
    if (member?.stopped) return 'child-stopped';
    return member?.setByHandAtStep === state.step - stepsPerRound ? 'child-set-by-hand' : undefined;
  });
}

/**
 * Follows a command of the operator, and ends the evaluations that it makes void; a command already followed does
 * nothing.
 */
export function followCommand(state: PopulationState, id: string, command: Command): readonly RoundEvent[] {
  if (state.followed.includes(id)) return [];
  const ended = endWhere(state, ({ parent }, slot) => {
    switch (command.kind) {
      case 'stop-members':
        return command.members.includes(parent) ? 'parent-stopped' : undefined;
      case 'set-hyperparameters':
        return command.member === parent ? 'parent-set-by-hand' : undefined;
      case 'stop-evaluation':
        return command.slot === slot ? 'stopped-by-hand' : undefined;
      default:
        return command satisfies never;
    }
  });
  return [{ kind: 'commanded', id, command }, ...ended];
}

/** Ends the evaluations for which there is a reason, in slot order. */
export function endWhere(
  state: PopulationState,
  reasonFor: (evaluation: EvaluationState, slot: number) => EndReason | undefined,
): readonly RoundEvent[] {
  const ended = state.evaluations.flatMap((evaluation, slot): EndedEvaluation[] => {
    const reason = evaluation === null ? undefined : reasonFor(evaluation, slot);
    return evaluation === null || reason === undefined
      ? []
      : [{ slot, parent: evaluation.parent, child: evaluation.child, reason }];
  });
  return ended.length > 0 ? [{ kind: 'evaluations-ended', ended }] : [];
}

/**
 * What a sub-population does with the promotions it is given: takes them, and ends its own evaluations whose parent was
 * overwritten.
 */
export function receivePromotions(state: PopulationState, promotions: readonly Promotion[]): readonly RoundEvent[] {
  if (promotions.length === 0) return [];
  const overwritten = endWhere(state, ({ parent }) =>
    promotions.some((one) => one.member === parent) ? 'parent-promoted' : undefined,
  );
  return [{ kind: 'promoted', promotions }, ...overwritten];
}

function smoothed(curve: ScoreCurve, { smoothing }: Specification): Curve | 'diverged' {
  const raw = curve.scores.filter((score) => typeof score === 'number');
  return raw.length < curve.scores.length ? 'diverged' : { raw, smoothed: smooth(raw, smoothing) };
}
