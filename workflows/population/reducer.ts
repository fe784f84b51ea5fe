/**
 * Applies the events of a round to the state of a sub-population.
 *
 * Only `applyEvents` changes a state. The workflow applies events as they happen, its upper neighbour applies the same
 * events to its copy, and the `saveRound` activity applies them to the stored state of the round before. So all three
 * agree by construction, and payloads carry the news of a round rather than whole curves.
 */
import type { Score } from '../algorithm/curve.ts';
import type { HyperparameterValues } from '../algorithm/hyperparameters.ts';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';
import type { Command, JudgedEvaluation, Promotion, RoundEvent } from './events.ts';
import { KEPT_CODES } from './decision-code.ts';
import { evaluatorName, memberName } from './names.ts';
import type { EvaluationState, MemberState, PopulationState } from './state.ts';
import { keepBest } from './winner.ts';

/** Returns the state before the first round. The first event of the first round must be 'initialised'. */
export function emptyPopulation(): PopulationState {
  return {
    subPopulation: 0,
    step: 0,
    members: [],
    evaluations: [],
    best: null,
    promotions: 0,
    verdicts: {},
    followed: [],
    extendedTo: null,
    decidedBy: [],
    ended: null,
  };
}

/** Returns the state after the events, applied in order. Does not change `state`. */
export function applyEvents(state: PopulationState, events: readonly RoundEvent[]): PopulationState {
  return events.reduce(applyEvent, state);
}

function applyEvent(state: PopulationState, event: RoundEvent): PopulationState {
  switch (event.kind) {
    case 'initialised':
      return { ...initialise(event.subPopulation, event.evaluators, event.members), decidedBy: state.decidedBy };
    case 'scheduled':
      return { ...state, members: event.members.reduce(schedule, state.members) };
    case 'assigned':
      return {
        ...state,
        evaluations: event.assignments.reduce((evaluations, one) => assign(state, evaluations, one), state.evaluations),
      };
    case 'trained':
      return keepBest(train(state, event));
    case 'exploited':
      return exploitAll(state, event.fitness, event.copies);
    case 'judged':
      return event.evaluations.reduce(recordVerdict, state);
    case 'promoted':
      return keepBest(event.promotions.reduce(promote, state));
    case 'evaluations-ended':
      return event.ended.reduce(
        (ending, { slot, parent, reason }) => endEvaluation(ending, slot, parent, reason),
        state,
      );
    case 'commanded':
      return { ...follow(state, event.command), followed: [...state.followed, event.id] };
    case 'ended':
      return { ...state, ended: { round: event.round, reason: event.reason } };
    case 'decided-by': {
      const { code, fromRound } = event;
      return { ...state, decidedBy: [...state.decidedBy, { code, fromRound }].slice(-KEPT_CODES) };
    }
    case 'extended':
      return { ...state, extendedTo: event.rounds };
    default:
      return event satisfies never;
  }
}

function initialise(
  subPopulation: number,
  evaluators: number,
  members: readonly HyperparameterValues[],
): PopulationState {
  return {
    ...emptyPopulation(),
    subPopulation,
    evaluations: Array.from({ length: evaluators }, () => null),
    members: members.map((hyperparameters) => ({
      checkpoint: null,
      hyperparameters,
      curve: { sinceStep: 0, scores: [] },
      history: [],
      origin: 'initialised',
      fitness: null,
      justExplored: false,
      copiedFrom: null,
      idleSinceStep: 0,
      exploitedLast: false,
      stopped: false,
      setByHandAtStep: null,
    })),
  };
}

function schedule(
  members: readonly MemberState[],
  { member, hyperparameters }: { readonly member: number; readonly hyperparameters: HyperparameterValues },
): readonly MemberState[] {
  return members.map((one, index) =>
    index === member ? { ...one, hyperparameters, origin: one.origin === 'continued' ? 'scheduled' : one.origin } : one,
  );
}

function assign(
  state: PopulationState,
  evaluations: readonly (EvaluationState | null)[],
  assignment: {
    readonly slot: number;
    readonly parent: number;
    readonly child: number;
    readonly hyperparameters: HyperparameterValues;
  },
): readonly (EvaluationState | null)[] {
  const parent = memberAt(state, assignment.parent);
  if (parent.checkpoint === null)
    throw new Error(`Cannot evaluate ${memberName(state.subPopulation, assignment.parent)}: it has not trained yet`);
  return replaceAt(evaluations, assignment.slot, {
    parent: assignment.parent,
    child: assignment.child,
    assignedAtStep: state.step,
    hyperparameters: assignment.hyperparameters,
    checkpoint: parent.checkpoint,
    curve: { sinceStep: state.step, scores: [] },
    history: parent.history,
    origin: 'evaluation',
  });
}

function train(state: PopulationState, event: Extract<RoundEvent, { kind: 'trained' }>): PopulationState {
  let { members, evaluations } = state;
  for (const { member, checkpoint, scores } of event.members) {
    members = replaceAt(
      members,
      member,
      trained(
        memberAt(state, member),
        memberName(state.subPopulation, member),
        state.step,
        event.step,
        checkpoint,
        scores,
      ),
    );
  }
  for (const { slot, checkpoint, scores } of event.evaluators) {
    const evaluation = state.evaluations[slot];
    if (!evaluation)
      throw new Error(`Cannot record training of ${evaluatorName(state.subPopulation, slot)}: it is idle`);
    evaluations = replaceAt(
      evaluations,
      slot,
      trained(evaluation, evaluatorName(state.subPopulation, slot), state.step, event.step, checkpoint, scores),
    );
  }
  return { ...state, step: event.step, members, evaluations };
}

type Trainee = Pick<MemberState, 'curve' | 'history' | 'hyperparameters' | 'origin'>;

function trained<T extends Trainee>(
  trainee: T,
  worker: string,
  fromStep: number,
  toStep: number,
  checkpoint: CheckpointReference,
  scores: readonly Score[],
): T {
  const curve = { sinceStep: trainee.curve.sinceStep, scores: [...trainee.curve.scores, ...scores] };
  const last = trainee.history.at(-1);
  // An unchanged member extends its last segment, so that a schedule has one segment per change, not one per round.
  const history =
    trainee.origin === 'continued' && last
      ? [...trainee.history.slice(0, -1), { ...last, toStep }]
      : [
          ...trainee.history,
          { worker, origin: trainee.origin, fromStep, toStep, hyperparameters: trainee.hyperparameters },
        ];
  return { ...trainee, checkpoint, curve, history, origin: 'continued' };
}

function exploitAll(
  state: PopulationState,
  fitness: readonly (number | null)[],
  copies: readonly {
    readonly member: number;
    readonly source: number;
    readonly hyperparameters: HyperparameterValues;
  }[],
): PopulationState {
  const members = state.members.map((member, index): MemberState => {
    const ranked = { ...member, fitness: fitness[index] ?? null, justExplored: false };
    const copy = copies.find((one) => one.member === index);
    if (!copy) return ranked;
    const source = memberAt(state, copy.source);
    return {
      ...ranked,
      checkpoint: source.checkpoint,
      hyperparameters: copy.hyperparameters,
      curve: { sinceStep: state.step, scores: [] },
      history: source.history,
      origin: 'exploit',
      justExplored: true,
      copiedFrom: copy.source,
      idleSinceStep: state.step,
      exploitedLast: true,
    };
  });
  return { ...state, members };
}

function recordVerdict(state: PopulationState, judged: JudgedEvaluation): PopulationState {
  const evaluation = state.evaluations[judged.slot];
  if (judged.verdict.outcome === 'continue') {
    return !evaluation || evaluation.child === judged.child
      ? state
      : { ...state, evaluations: replaceAt(state.evaluations, judged.slot, { ...evaluation, child: judged.child }) };
  }
  return endEvaluation(state, judged.slot, judged.parent, judged.verdict.reason);
}

function endEvaluation(state: PopulationState, slot: number, parent: number, reason: string): PopulationState {
  const member = memberAt(state, parent);
  // An exploited parent stays the youngest of all. The age of any other parent counts from the end of this evaluation.
  const members =
    member.exploitedLast && member.idleSinceStep === state.step
      ? state.members
      : replaceAt(state.members, parent, { ...member, idleSinceStep: state.step, exploitedLast: false });
  const verdicts = { ...state.verdicts, [reason]: (state.verdicts[reason] ?? 0) + 1 };
  return { ...state, members, evaluations: replaceAt(state.evaluations, slot, null), verdicts };
}

function promote(state: PopulationState, promotion: Promotion): PopulationState {
  const member = memberAt(state, promotion.member);
  const promoted: MemberState = {
    ...member,
    checkpoint: promotion.checkpoint,
    curve: promotion.curve,
    history: promotion.history,
    origin: 'promotion',
  };
  return { ...state, members: replaceAt(state.members, promotion.member, promoted), promotions: state.promotions + 1 };
}

function follow(state: PopulationState, command: Command): PopulationState {
  switch (command.kind) {
    case 'stop-members':
      return {
        ...state,
        members: state.members.map((member, index) =>
          command.members.includes(index) ? { ...member, stopped: true } : member,
        ),
      };
    case 'set-hyperparameters': {
      const member = memberAt(state, command.member);
      const hyperparameters = { ...member.hyperparameters, ...command.hyperparameters };
      // An earlier origin (exploit, promotion) that has not led to training yet stays the origin of the next segment.
      // The decisions record the command itself.
      const origin = member.origin === 'continued' ? 'set-by-hand' : member.origin;
      return {
        ...state,
        members: replaceAt(state.members, command.member, {
          ...member,
          hyperparameters,
          origin,
          setByHandAtStep: state.step,
        }),
      };
    }
    case 'stop-evaluation':
      return state;
    default:
      return command satisfies never;
  }
}

function memberAt(state: PopulationState, member: number): MemberState {
  const found = state.members[member];
  if (!found)
    throw new Error(
      `Expected \`member\` to be an integer from 0 to ${state.members.length - 1} of P${state.subPopulation}, ` +
        `got \`${member}\``,
    );
  return found;
}

function replaceAt<T>(list: readonly T[], index: number, value: T): readonly T[] {
  return list.map((one, i) => (i === index ? value : one));
}
