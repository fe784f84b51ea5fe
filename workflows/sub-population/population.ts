/**
 * The round of a sub-population, in the paper's order: assign, train, exploit and explore, judge, promote.
 *
 * `Population` has the state, applies the decisions of workflows/population to it, and exchanges messages with its
 * neighbours. A worker that cannot continue holds until the operator acts.
 */
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { SubPopulationSummary } from '../../activities/contracts/messages.ts';
import type { Command, JudgedEvaluation, RoundEvent } from '../population/events.ts';
import { changeOfCode } from '../population/decision-code.ts';
import { subPopulationName } from '../population/names.ts';
import { applyEvents, emptyPopulation } from '../population/reducer.ts';
import { roundsPerReport } from '../population/reporting.ts';
import { decideLength, plannedRounds } from '../population/run-length.ts';
import { assign, exploitAndExplore, followSchedule, initialise } from '../population/round.ts';
import { judgeEvaluators } from '../population/judging.ts';
import { endForChildren, endWhere, followCommand, receivePromotions } from '../population/ended-evaluations.ts';
import type { RunEnd } from '../population/state.ts';
import { newsFor, summarise } from '../population/views.ts';
import type { Run } from '../run/activities.ts';
import { describeSubPopulation } from '../run/details.ts';
import { Addresses } from './addresses.ts';
import { Mail } from './mail.ts';
import type { Carried } from './mail.ts';
import { OperatorHolds } from './operator-holds.ts';
import { answerQueries } from './queries.ts';
import type { RecordedRounds } from './recorded-rounds.ts';
import { ignoreStraySignals } from './stray-signals.ts';
import { Training } from './training.ts';
import { winnerOf } from './winner.ts';
import type { Finish } from './winner.ts';

/** A sub-population in training. */
export class Population {
  readonly #run: Run;
  readonly #level: number;
  readonly #records: RecordedRounds;
  readonly #mail: Mail;
  readonly #addresses: Addresses;
  readonly #holds: OperatorHolds;
  readonly #training: Training;
  readonly #isContinued: boolean;

  #state = emptyPopulation();
  /** The state of P(i−1), as its news says. */
  #below = emptyPopulation();
  #round: number;
  /** Number of rounds of the run, as far as this sub-population knows. */
  #rounds: number;
  /** The end that P1 decided on, because the operator stopped the run; null: none. */
  #end: RunEnd | null = null;
  /** The events of this round, so far. */
  #events: RoundEvent[] = [];
  #judged: readonly JudgedEvaluation[];
  #above: readonly SubPopulationSummary[];
  /** The newest round that P(i+1) received news of. */
  #newestNews: number;
  #evaluatorsBusy = 0;

  constructor(run: Run, level: number, records: RecordedRounds, carried: Carried | null) {
    this.#run = run;
    this.#level = level;
    this.#records = records;
    this.#mail = new Mail(run.generation, carried?.mail);
    this.#addresses = new Addresses(run, level);
    this.#holds = new OperatorHolds(this.#mail, this.#addresses, () => this.#show());
    this.#training = new Training({ run, level, mail: this.#mail, addresses: this.#addresses, holds: this.#holds });
    this.#isContinued = carried !== null;
    this.#round = records.newest?.round ?? 0;
    this.#newestNews = this.#round;
    this.#rounds = plannedRounds(this.#run.specification);
    this.#judged = carried?.judged ?? [];
    this.#above = carried?.above ?? [];
    this.#mail.receive(() => this.#show());
    ignoreStraySignals(run, () => ({
      generation: run.generation,
      round: this.#round,
      sender: subPopulationName(level),
    }));
    answerQueries({ level, state: () => this.#state, judged: () => this.#judged });
  }

  /** Waits until all parts of the run exist, and loads the recorded round. */
  async open(): Promise<void> {
    const steering = await this.#mail.untilSteered();
    if (this.#round > 0) {
      this.#state = await this.#records.load(this.#round, this.#holds);
      if (this.#level > 1) this.#below = await this.#records.loadBelow(this.#round, this.#mail, this.#holds);
    } else if (this.#level > 1) {
      this.#below = applyEvents(this.#below, [initialise(this.#run.specification, this.#level - 1)]);
    }
    const decided =
      (this.#level === 1 ? this.#state : this.#below).extendedTo ?? plannedRounds(this.#run.specification);
    this.#rounds = this.#isContinued ? decided : steering.rounds;
  }

  /** Waits while the run is paused. Returns whether there is another round. */
  async begins(): Promise<boolean> {
    if (this.isOver()) return false;
    await (this.#level === 1 ? this.#whilePaused() : this.#untilRoundIsNeeded());
    return this.#end === null;
  }

  /** Runs one round, in the paper's order. */
  async round(): Promise<void> {
    this.#begin();
    this.#assign();
    const trainerSeconds = await this.#train();
    if (this.#level === 1) this.#decideLength();
    this.#judged = [];
    if (!this.isOver()) {
      await this.#exploitAndExplore();
      if (this.#hasAbove) await this.#notifyAbove();
      if (this.#level > 1) await this.#judge();
      if (this.#hasAbove && this.#end === null) await this.#receivePromotions();
    }
    await this.#record(trainerSeconds);
  }

  isOver(): boolean {
    return this.#round >= this.#rounds || this.#end !== null;
  }

  carried(): Carried {
    return { mail: this.#mail.unread(), judged: this.#judged, above: this.#above };
  }

  /** Notifies all that wait for another round. Returns the end of the run, or null if this is not P1. */
  async finish(): Promise<Finish | null> {
    if (this.#end !== null && this.#hasAbove) {
      const recorded = this.#records.referenceOf(this.#newestNews);
      await this.#addresses.notifyAboveOfEnd(this.#newestNews + 1, { kind: 'ended', ...this.#end }, recorded);
    }
    await this.#addresses.finishEvaluators(this.#round, this.#state.evaluations.length);
    this.#show();
    if (this.#level > 1) return null;
    const { specification, workflowId } = this.#run;
    const picked = winnerOf(this.#state, specification.winner, workflowId);
    return { ...picked, round: this.#round, stoppedEarly: this.#end };
  }

  #begin(): void {
    const { specification } = this.#run;
    this.#round += 1;
    this.#events = [];
    if (this.#round === 1) this.#apply(initialise(specification, this.#level));
    if (this.#rounds !== (this.#state.extendedTo ?? plannedRounds(specification)))
      this.#apply({ kind: 'extended', rounds: this.#rounds });
    this.#follow('set-hyperparameters');
    this.#apply(...followSchedule(specification, this.#round, this.#state));
    this.#show();
  }

  /** Step 1. */
  #assign(): void {
    if (this.#level === 1 || this.#round === 1) return;
    this.#apply(assign(this.#run.specification, this.#round, this.#state, this.#below));
  }

  /** Step 2. Members train here, evaluators in their own workflows, for one round. All wait for the slowest. */
  async #train(): Promise<number> {
    const trained = await this.#training.train(this.#round, this.#state, this.#judged);
    this.#evaluatorsBusy = trained.evaluatorsBusy;
    this.#apply(trained.event);
    const failed = (slot: number): boolean => trained.failedEvaluators.includes(slot);
    this.#apply(...endWhere(this.#state, (_, slot) => (failed(slot) ? 'training-failed' : undefined)));
    this.#follow('stop-members', 'stop-evaluation');
    return trained.trainerSeconds;
  }

  /** Step 3. Holds while a member must be replaced and no healthy one is left. */
  async #exploitAndExplore(): Promise<void> {
    for (;;) {
      const exploited = exploitAndExplore(this.#run.specification, this.#round, this.#state);
      if (exploited) return this.#apply(exploited);
      const reason =
        `every member that could be copied has diverged at step ${this.#state.step}: ` +
        'only `stopEarly` of this sub-population or of the run ends that';
      const worker = subPopulationName(this.#level);
      const ended = await this.#holds.until({ worker, reason }, () => this.#mail.hasStopFor(() => true));
      if (ended === 'run-stopped') return;
      this.#follow('stop-members');
    }
  }

  /** Step 4. Judges the busy evaluators in one pass, and sends the promotions down, even if there are none. */
  async #judge(): Promise<void> {
    const { specification } = this.#run;
    const { events, recorded } = await this.#mail.takeNews(this.#round);
    this.#records.checkBelow(recorded);
    const ended = events.find((event) => event.kind === 'ended');
    if (ended) {
      this.#end = { round: ended.round, reason: ended.reason };
      return;
    }
    this.#below = applyEvents(this.#below, events);
    this.#rounds = this.#below.extendedTo ?? plannedRounds(this.#run.specification);
    this.#apply(...endForChildren(specification, this.#state, this.#below));
    const judgement = judgeEvaluators(specification, this.#state, this.#below);
    this.#apply(judgement.event);
    this.#below = judgement.below;
    this.#judged = judgement.event.evaluations;
    await this.#addresses.promote(this.#round, judgement.promotions, this.#summaries());
  }

  /** Receives the promotions of P(i+1). */
  async #receivePromotions(): Promise<void> {
    const { promotions, summaries } = await this.#mail.takePromotions(this.#round);
    this.#apply(...receivePromotions(this.#state, promotions));
    this.#above = summaries;
  }

  /** Records the round, unless the run ended before it. */
  async #record(trainerSeconds: number): Promise<void> {
    if (this.#end !== null && this.#end.round < this.#round) return;
    if (this.#end !== null) this.#apply({ kind: 'ended', ...this.#end });
    await this.#records.save(this.#round, this.#events, trainerSeconds, this.#holds);
    const isReported = this.isOver() || this.#round % roundsPerReport(this.#rounds) === 0;
    if (this.#level === 1 && isReported)
      await this.#addresses.reportRound(this.#round, this.#rounds, this.#summaries());
  }

  async #notifyAbove(): Promise<void> {
    // P(i+1) waits for the news of one round. If the run ends, the next news says so, whatever round that is.
    this.#newestNews = this.#round;
    const recorded = this.#records.referenceOf(this.#round - 1);
    await this.#addresses.notifyAbove(this.#round, newsFor(this.#events), recorded);
  }

  /** P1 alone decides how long the run is, and notifies the others. */
  #decideLength(): void {
    const length = { round: this.#round, rounds: this.#rounds, subPopulations: this.#levels };
    const decided = decideLength(length, this.#mail.steering, this.#state);
    if (decided?.kind === 'ended') this.#end = { round: decided.round, reason: decided.reason };
    if (decided?.kind !== 'extended') return;
    this.#rounds = decided.rounds;
    this.#apply(decided);
  }

  /** P1 begins no round while the run is paused. */
  async #whilePaused(): Promise<void> {
    const stopped = await this.#mail.whilePaused();
    if (stopped !== null && this.#round > 0) this.#end = { round: this.#round, reason: stopped };
  }

  /**
   * While the run is paused or being stopped, P(i ≥ 2) begins a round only if P(i−1) has trained it and waits for the
   * promotions. P(i−1) sends no news of its last round.
   */
  async #untilRoundIsNeeded(): Promise<void> {
    const next = this.#round + 1;
    const news = await this.#mail.untilNews(next, () => next >= this.#rounds);
    const ended = news?.events.find((event) => event.kind === 'ended');
    if (ended && ended.round <= this.#round) this.#end = { round: ended.round, reason: ended.reason };
  }

  /** Follows the operator's commands of these kinds. */
  #follow(...kinds: readonly Command['kind'][]): void {
    for (const { id, command } of this.#mail.takeCommands(kinds))
      this.#apply(...followCommand(this.#state, id, command));
  }

  /** Updates the current details. Returns the number of the round. */
  #show(): number {
    const { workflowId } = this.#run;
    const position = { subPopulation: this.#level, round: this.#round, rounds: this.#rounds };
    const standstill = { holds: this.#holds.current, pause: this.#mail.pause };
    setCurrentDetails(describeSubPopulation(workflowId, this.#state, position, standstill));
    return this.#round;
  }

  /** Applies decisions. Before them, records the code that made them, if another code decided before. */
  #apply(...decisions: readonly RoundEvent[]): void {
    if (decisions.length === 0) return;
    const code = workflowInfo().currentDeploymentVersion?.buildId ?? 'unknown';
    const events = [...changeOfCode(this.#state.decidedBy, code, this.#round), ...decisions];
    this.#events.push(...events);
    this.#state = applyEvents(this.#state, events);
  }

  #summaries(): readonly SubPopulationSummary[] {
    return [summarise(this.#state, this.#round, this.#evaluatorsBusy), ...this.#above];
  }

  get #levels(): number {
    return this.#run.specification.subPopulations.length;
  }

  get #hasAbove(): boolean {
    return this.#level < this.#levels;
  }
}
