/**
 * The mail of a sub-population: messages that arrived and were not consumed yet. It drops messages of another
 * generation.
 */
import { condition, setHandler } from '@temporalio/workflow';
import type {
  CommandMessage,
  EvaluatorReport,
  MessageKey,
  NeighbourNews,
  PromotionBatch,
  Steering,
  SubPopulationSummary,
} from '../../activities/contracts/messages.ts';
import {
  commandSignal,
  evaluatorReportSignal,
  MESSAGE_DESCRIPTIONS,
  neighbourNewsSignal,
  ofGeneration,
  promotionsSignal,
  steerSignal,
} from '../messages.ts';
import type { Command, JudgedEvaluation } from '../population/events.ts';
import { deliver, takeRound } from './inbox.ts';

/** What continue-as-new carries of the mail. */
export interface UnreadMail {
  /** What the operator last wanted of the run; null: the root has not notified that all parts exist. */
  readonly steering: Steering | null;
  readonly commands: readonly CommandMessage[];
  readonly news: readonly NeighbourNews[];
  readonly promotions: readonly PromotionBatch[];
  readonly reports: readonly EvaluatorReport[];
}

/** What continue-as-new carries besides the reference of the recorded round. */
export interface Carried {
  readonly mail: UnreadMail;
  /** The newest verdicts, which evaluators do not know yet. */
  readonly judged: readonly JudgedEvaluation[];
  /** Newest summaries of the sub-populations above. */
  readonly above: readonly SubPopulationSummary[];
}

const NO_MAIL: UnreadMail = { steering: null, commands: [], news: [], promotions: [], reports: [] };

/** Receives the messages of one generation of a run. */
export class Mail {
  readonly #generation: string;
  #steering: Steering | null;
  #first: Steering | null;
  #commands: CommandMessage[];
  readonly #news: NeighbourNews[];
  readonly #promotions: PromotionBatch[];
  readonly #reports: EvaluatorReport[];

  constructor(generation: string, unread: UnreadMail = NO_MAIL) {
    this.#generation = generation;
    this.#steering = unread.steering;
    this.#first = unread.steering;
    this.#commands = [...unread.commands];
    this.#news = [...unread.news];
    this.#promotions = [...unread.promotions];
    this.#reports = [...unread.reports];
  }

  /** Registers the handlers of all signals of a sub-population. Calls `onSteered` when the operator's wishes change. */
  receive(onSteered: () => void): void {
    const ofThisRun = <M extends MessageKey>(take: (message: M) => void): ((message: M) => void) =>
      ofGeneration(this.#generation, take);
    setHandler(
      steerSignal,
      ofThisRun<Steering>((message) => {
        this.#steering = message;
        this.#first ??= message;
        onSteered();
      }),
      { description: MESSAGE_DESCRIPTIONS.steer },
    );
    setHandler(
      commandSignal,
      ofThisRun<CommandMessage>((message) => this.#commands.push(message)),
      { description: MESSAGE_DESCRIPTIONS.command },
    );
    setHandler(
      neighbourNewsSignal,
      ofThisRun<NeighbourNews>((message) => deliver(this.#news, message)),
      { description: MESSAGE_DESCRIPTIONS.neighbourNews },
    );
    setHandler(
      promotionsSignal,
      ofThisRun<PromotionBatch>((message) => deliver(this.#promotions, message)),
      { description: MESSAGE_DESCRIPTIONS.promotions },
    );
    setHandler(
      evaluatorReportSignal,
      ofThisRun<EvaluatorReport>((message) => deliver(this.#reports, message)),
      { description: MESSAGE_DESCRIPTIONS.evaluatorReport },
    );
  }

  /**
   * Waits until the root notifies that all parts exist. Returns the first steering, which is the same for all parts.
   * The newest may have reached only some of them.
   */
  async untilSteered(): Promise<Steering> {
    await condition(() => this.#first !== null);
    return this.#first ?? this.steering;
  }

  /** What the operator wants of the run now. @throws before the root has notified that all parts exist */
  get steering(): Steering {
    if (this.#steering === null) throw new Error('Expected the root to have steered this sub-population first');
    return this.#steering;
  }

  /** Why the run is paused; null: it is not, or the root has not steered yet. */
  get pause(): string | null {
    return this.#steering?.pause ?? null;
  }

  /** Waits while the run is paused. Returns why it was stopped during the pause, or null. */
  async whilePaused(): Promise<string | null> {
    const isPaused = (): boolean => this.steering.pause !== null;
    if (!isPaused()) return null;
    await condition(() => !isPaused() || this.steering.stop !== null);
    return isPaused() ? this.steering.stop : null;
  }

  /**
   * While the run is paused or being stopped, waits until there is news of P(i−1) on the round, or until `isNeeded`
   * holds. Returns the news without taking it.
   */
  async untilNews(round: number, isNeeded: () => boolean): Promise<NeighbourNews | undefined> {
    const goesOn = (): boolean => (this.steering.pause === null && this.steering.stop === null) || isNeeded();
    if (goesOn()) return undefined;
    await condition(() => goesOn() || this.newsOf(round) !== undefined);
    return this.newsOf(round);
  }

  /** Returns the news of P(i−1) on a round, without taking it. */
  newsOf(round: number): NeighbourNews | undefined {
    return this.#news.find((one) => one.round === round);
  }

  /** Waits for the news of P(i−1) on a round, and takes it. */
  async takeNews(round: number): Promise<NeighbourNews> {
    return this.#takeOne(this.#news, round);
  }

  /** Waits for the promotions of P(i+1) in a round, and takes them. */
  async takePromotions(round: number): Promise<PromotionBatch> {
    return this.#takeOne(this.#promotions, round);
  }

  /** Waits for the reports of so many evaluators on a round, and takes them in the order of their slots. */
  async takeReports(round: number, evaluators: number): Promise<EvaluatorReport[]> {
    if (evaluators === 0) return [];
    return (await takeRound(this.#reports, round, evaluators)).sort((a, b) => a.slot - b.slot);
  }

  /** Tells whether there is an unread command to stop members that `concerns`. */
  hasStopFor(concerns: (members: readonly number[]) => boolean): boolean {
    return this.#commands.some(({ command }) => command.kind === 'stop-members' && concerns(command.members));
  }

  /** Takes the commands of these kinds, oldest first. */
  takeCommands(kinds: readonly Command['kind'][]): CommandMessage[] {
    const due = this.#commands.filter(({ command }) => kinds.includes(command.kind));
    this.#commands = this.#commands.filter(({ command }) => !kinds.includes(command.kind));
    return due;
  }

  /** Adds a command as if the operator had sent it. */
  addCommand(message: CommandMessage): void {
    this.#commands.push(message);
  }

  unread(): UnreadMail {
    return {
      steering: this.#steering,
      commands: this.#commands,
      news: this.#news,
      promotions: this.#promotions,
      reports: this.#reports,
    };
  }

  async #takeOne<M extends MessageKey>(inbox: M[], round: number): Promise<M> {
    const [message] = await takeRound(inbox, round);
    if (message === undefined) throw new Error(`Expected a message on round ${round}`);
    return message;
  }
}
