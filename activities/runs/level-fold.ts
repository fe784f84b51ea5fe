/**
 * Folds the records of one sub-population, round by round, into its part of a run's story.
 */
import { evaluatorName, memberName } from '../../workflows/population/names.ts';
import type { JudgedEvaluation, Promotion, RoundEvent } from '../../workflows/population/events.ts';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { DecisionCode, MemberState, PopulationState, ScoreCurve } from '../../workflows/population/state.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { EvaluationEnd } from '../../workflows/population/verdict-text.ts';
import type { RoundRecord } from './sealing.ts';
import type {
  CommandStory,
  EvaluationStory,
  ExploitStory,
  HyperparameterChange,
  JudgementStory,
  Measurement,
  Moment,
  PromotionStory,
  SubPopulationStory,
} from './story.ts';

type EventOf<K extends RoundEvent['kind']> = Extract<RoundEvent, { kind: K }>;

interface Worker {
  readonly worker: string;
  readonly curve: Measurement[];
  readonly hyperparameters: HyperparameterChange[];
}

/** What the sub-population above judges against. */
export interface JudgedBelow {
  readonly members: readonly Pick<MemberState, 'curve'>[];
  /** The promotions that it received in this round, in the order of the judging. */
  readonly promotions: readonly Promotion[];
}

/** One sub-population, as far as its records were added. */
export class LevelFold {
  readonly #level: number;
  readonly #members: Worker[] = [];
  readonly #evaluators: Worker[] = [];
  readonly #exploits: ExploitStory[] = [];
  readonly #promotions: PromotionStory[] = [];
  readonly #evaluations: { -readonly [Key in keyof EvaluationStory]: EvaluationStory[Key] }[] = [];
  /** By slot, the index of its evaluation. */
  readonly #busy = new Map<number, number>();
  readonly commands: CommandStory[] = [];
  readonly codes: DecisionCode[] = [];
  state: PopulationState = emptyPopulation();
  /** What the sub-population above judged against in the newest round. */
  judgedFromAbove: JudgedBelow = { members: [], promotions: [] };

  constructor(level: number) {
    this.#level = level;
  }

  /** Adds a round; `below` is what its evaluators were judged against. Add the sub-population below first. */
  add({ round, events }: RoundRecord, below: JudgedBelow | undefined): void {
    let promotions: readonly Promotion[] = [];
    let members: readonly MemberState[] | undefined;
    for (const event of events) {
      if (event.kind === 'promoted') {
        // P(i+1) judged against the state before its promotions.
        members = this.state.members;
        promotions = event.promotions;
      }
      const step = event.kind === 'trained' ? event.step : this.state.step;
      this.#note(event, { round, step }, below);
      this.state = applyEvents(this.state, [event]);
    }
    this.judgedFromAbove = { members: members ?? this.state.members, promotions };
  }

  story(): SubPopulationStory {
    return {
      subPopulation: this.#level,
      members: this.#members.map((member, index) => ({
        ...member,
        history: this.state.members[index]?.history ?? [],
        stopped: this.state.members[index]?.stopped ?? false,
      })),
      evaluators: this.#evaluators,
      exploits: this.#exploits,
      promotions: this.#promotions,
      evaluations: this.#evaluations,
    };
  }

  #note(event: RoundEvent, moment: Moment, below: JudgedBelow | undefined): void {
    switch (event.kind) {
      case 'initialised':
        return this.#initialise(event);
      case 'assigned':
        return this.#assign(event, moment);
      case 'trained':
        return this.#train(event);
      case 'exploited':
        return this.#exploit(event, moment);
      case 'judged':
        return this.#judge(event, moment, below);
      case 'promoted':
        return this.#promote(event, moment);
      case 'evaluations-ended':
        for (const { slot, reason } of event.ended) this.#end(slot, reason, moment);
        return;
      case 'commanded':
        this.commands.push({ ...moment, subPopulation: this.#level, id: event.id, command: event.command });
        return;
      case 'decided-by':
        this.codes.push({ code: event.code, fromRound: event.fromRound });
        return;
      case 'scheduled':
      case 'extended':
      case 'ended':
        return;
      default:
        return event satisfies never;
    }
  }

  #initialise({ members, evaluators }: EventOf<'initialised'>): void {
    for (const index of members.keys()) this.#members.push(newWorker(memberName(this.#level, index)));
    for (let slot = 0; slot < evaluators; slot += 1) this.#evaluators.push(newWorker(evaluatorName(this.#level, slot)));
  }

  #assign({ assignments }: EventOf<'assigned'>, { round, step }: Moment): void {
    for (const { slot, parent, child, hyperparameters } of assignments) {
      this.#busy.set(slot, this.#evaluations.length);
      this.#evaluations.push({
        evaluator: evaluatorName(this.#level, slot),
        parent: memberName(this.#level, parent),
        child: memberName(this.#level - 1, child),
        assigned: { round, step },
        hyperparameters,
        judgements: [],
        ended: null,
        reason: 'unfinished',
        evaluatorCurve: { sinceStep: step, scores: [] },
        childCurve: null,
      });
    }
  }

  #train({ step, members, evaluators }: EventOf<'trained'>): void {
    const from = this.state.step;
    for (const { member, scores } of members)
      extend(this.#members[member], this.state.members[member]?.hyperparameters, from, step, scores);
    for (const { slot, scores } of evaluators) {
      extend(this.#evaluators[slot], this.state.evaluations[slot]?.hyperparameters, from, step, scores);
      const evaluation = this.#evaluationAt(slot);
      if (evaluation)
        evaluation.evaluatorCurve = {
          ...evaluation.evaluatorCurve,
          scores: [...evaluation.evaluatorCurve.scores, ...scores],
        };
    }
  }

  #exploit({ copies }: EventOf<'exploited'>, moment: Moment): void {
    for (const { member, source, hyperparameters } of copies)
      this.#exploits.push({
        ...moment,
        member: memberName(this.#level, member),
        source: memberName(this.#level, source),
        hyperparameters,
      });
  }

  #judge({ evaluations }: EventOf<'judged'>, moment: Moment, below: JudgedBelow | undefined): void {
    const curves: (ScoreCurve | undefined)[] = (below?.members ?? []).map(({ curve }) => curve);
    for (const judged of evaluations) {
      const evaluation = this.#evaluationAt(judged.slot);
      if (!evaluation) continue;
      const judgement = judgementOf(this.#level, judged, moment);
      evaluation.judgements = [...evaluation.judgements, judgement];
      evaluation.child = judgement.child;
      evaluation.childCurve = curves[judged.child] ?? null;
      if (judged.verdict.outcome !== 'continue') this.#end(judged.slot, judged.verdict.reason, moment);
      // A promotion changes what the next evaluator is judged against.
      const promotion = below?.promotions.find(
        ({ evaluator }) => evaluator === evaluatorName(this.#level, judged.slot),
      );
      if (promotion) curves[promotion.member] = promotion.curve;
    }
  }

  #promote({ promotions }: EventOf<'promoted'>, moment: Moment): void {
    for (const { member, evaluator, parent, checkpoint } of promotions)
      this.#promotions.push({
        ...moment,
        member: memberName(this.#level, member),
        evaluator,
        parent: memberName(this.#level + 1, parent),
        checkpointSha256: checkpoint.sha256,
      });
  }

  #end(slot: number, reason: EvaluationEnd, moment: Moment): void {
    const evaluation = this.#evaluationAt(slot);
    if (evaluation) Object.assign(evaluation, { ended: moment, reason });
    this.#busy.delete(slot);
  }

  #evaluationAt(slot: number) {
    return this.#evaluations[this.#busy.get(slot) ?? -1];
  }
}

function newWorker(worker: string): Worker {
  return { worker, curve: [], hyperparameters: [] };
}

/** Adds the scores of a round, evenly spaced: the last one was measured at `toStep`. */
function extend(
  worker: Worker | undefined,
  hyperparameters: HyperparameterValues | undefined,
  fromStep: number,
  toStep: number,
  scores: readonly Score[],
): void {
  if (!worker) return;
  const every = (toStep - fromStep) / scores.length;
  for (const [index, score] of scores.entries()) worker.curve.push([fromStep + (index + 1) * every, score]);
  const last = worker.hyperparameters.at(-1)?.hyperparameters;
  if (hyperparameters && JSON.stringify(hyperparameters) !== JSON.stringify(last))
    worker.hyperparameters.push({ fromStep, hyperparameters });
}

function judgementOf(level: number, judged: JudgedEvaluation, moment: Moment): JudgementStory {
  const { child, evaluationSteps, verdict } = judged;
  return { ...moment, child: memberName(level - 1, child), evaluationSteps, verdict };
}
