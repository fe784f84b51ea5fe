/**
 * What the root of a run knows: its phase, the reports of its parts, and what the operator wants. People read it as
 * `progress`, as the current details, and as search attributes.
 */
import type {
  HoldNotice,
  Leader,
  RoundCompleted,
  RunProgress,
  SubPopulationSummary,
} from '../../activities/contracts/messages.ts';
import type { RunPlan } from '../../activities/contracts/run.ts';
import type { Score } from '../algorithm/curve.ts';
import { belongsTo } from '../messages.ts';
import { describeCodes, mergeCodes } from '../population/decision-code.ts';
import { memberName } from '../population/names.ts';
import type { Children } from './children.ts';
import type { Publication } from './publication.ts';

/** The phase of a run. */
export type Phase =
  | { readonly kind: 'planning' }
  /** It is planned. Earlier rounds are copied, leftovers terminated. */
  | { readonly kind: 'preparing'; readonly plan: RunPlan }
  /** Its parts are being started. */
  | { readonly kind: 'starting'; readonly plan: RunPlan }
  | { readonly kind: 'running'; readonly plan: RunPlan; readonly children: Children }
  /** It has trained its last round. */
  | { readonly kind: 'finishing'; readonly plan: RunPlan }
  | { readonly kind: 'finished'; readonly plan: RunPlan; readonly testScore: Score }
  /** It has ended without a result. The plan is null if it was not planned yet. */
  | { readonly kind: 'failed' | 'cancelled'; readonly plan: RunPlan | null };

/** What the operator wants of the whole run. */
export interface Wanted {
  /** Why the run is to end early; null: it is not. */
  stop: string | null;
  /** Why no round may begin; null: rounds may begin. */
  pause: string | null;
  /** Rounds that the run is to have; 0: as many as planned. */
  rounds: number;
  /** How often the operator resumed. */
  resumes: number;
}

/** The phases before the first that is shown. */
const BEFORE_TRAINING: readonly Phase['kind'][] = ['planning', 'preparing', 'starting'];

/** Number of invalid signals that are shown. */
const SHOWN_IGNORED = 5;

/** Number of warnings that are shown. */
const SHOWN_WARNINGS = 20;

/** The view of one run. */
export class RunView {
  readonly #publication: Publication;
  readonly #holds: Record<string, HoldNotice> = {};
  #phase: Phase = { kind: 'planning' };
  #summaries: readonly SubPopulationSummary[] = [];
  #ignored: readonly string[] = [];
  #warnings: readonly string[] = [];
  #waiting: string | null = null;
  /** Members that were stopped, or will stop after their round. */
  #stopped: readonly string[] = [];
  readonly wanted: Wanted = { stop: null, pause: null, rounds: 0, resumes: 0 };
  completedRound = 0;
  /** Number of rounds that P1 decided on. */
  decidedRounds = 0;
  /** How often P1 has reported. */
  reports = 0;
  /** Expired objects that the store did not delete, as the newest collection counted them. */
  undeleted = 0;
  /** Why the root itself holds: its report or the result failed for good; null: it does not hold. */
  ownHold: string | null = null;

  constructor(publication: Publication) {
    this.#publication = publication;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Null until the run is planned. */
  get plan(): RunPlan | null {
    return this.#phase.kind === 'planning' ? null : this.#phase.plan;
  }

  /** The root's run id, which a reset changes; empty while the run is being planned. */
  get generation(): string {
    return this.plan?.generation ?? '';
  }

  enter(phase: Phase): void {
    if (phase.kind === 'preparing') {
      const { steps, stepsPerRound } = phase.plan.specification;
      this.wanted.rounds ||= steps / stepsPerRound;
      this.decidedRounds = this.wanted.rounds;
    }
    this.#phase = phase;
    if (!BEFORE_TRAINING.includes(phase.kind)) this.show();
  }

  /** Enters the last phase of a run that ends without a result. */
  end(kind: 'failed' | 'cancelled'): void {
    this.enter({ kind, plan: this.plan });
  }

  isOfThisGeneration(message: unknown): boolean {
    return this.plan !== null && belongsTo(this.generation, message);
  }

  /** Takes note of a round that P1 recorded. Warns if it was decided by other code than the rounds before. */
  completeRound(message: RoundCompleted): void {
    if (!this.isOfThisGeneration(message) || message.round <= this.completedRound) return;
    const before = this.#codes();
    this.completedRound = message.round;
    this.#summaries = message.summaries;
    const codes = this.#codes();
    if (codes !== null && codes !== before) this.#publication.warn(codes);
    this.decidedRounds = message.rounds;
    this.reports += 1;
    this.addStopped(
      message.summaries.flatMap((one) => one.stopped.map((index) => memberName(one.subPopulation, index))),
    );
    this.show();
  }

  /** Takes note of what planning waits for; null: nothing. */
  wait(notice: string | null): void {
    if (notice === this.#waiting) return;
    this.#waiting = notice;
    this.show();
  }

  /** Takes note of the holds of one part of the run. */
  noteHolds(notice: HoldNotice): void {
    this.#holds[notice.sender] = notice;
    this.show();
  }

  /** Everything that waits for the operator. */
  get holds(): string[] {
    const told = Object.values(this.#holds).flatMap(({ sender, reasons, more }) =>
      more === 0 ? reasons : [...reasons, `… and ${more} more of ${sender}`],
    );
    return [...told, ...(this.ownHold === null ? [] : [this.ownHold])];
  }

  /** Number of workers of the run's parts that hold. */
  get heldWorkers(): number {
    return Object.values(this.#holds).reduce((sum, { reasons, more }) => sum + reasons.length + more, 0);
  }

  addStopped(members: readonly string[]): void {
    this.#stopped = [...this.#stopped, ...members.filter((one) => !this.#stopped.includes(one))];
  }

  isStopped(member: string): boolean {
    return this.#stopped.includes(member);
  }

  /** Logs and shows that a signal was invalid, and why. */
  ignore(signalName: string, reason: string): void {
    this.#publication.warn(`Ignored signal ${signalName}: ${reason}`);
    this.#ignored = [`${signalName}: ${reason}`, ...this.#ignored].slice(0, SHOWN_IGNORED);
    this.show();
  }

  /** Shows warnings that are new, newest last. */
  warn(messages: readonly string[]): void {
    const added = [...new Set(messages)].filter((one) => !this.#warnings.includes(one));
    if (added.length === 0) return;
    for (const one of added) this.#publication.warn(one);
    this.#warnings = [...this.#warnings, ...added].slice(-SHOWN_WARNINGS);
    this.show();
  }

  noteUndeleted(count: number): void {
    if (count === this.undeleted) return;
    this.undeleted = count;
    this.show();
  }

  /** Shows which records of earlier rounds the run does not use, each as `key: reason`. */
  refuseRecords(refused: readonly string[]): void {
    this.warn(refused.map((one) => `Refused record ${one}`));
  }

  leaderboard(): readonly Leader[] {
    return this.#summaries.flatMap(({ leaders }) => leaders);
  }

  progress(): RunProgress {
    const { stop, pause } = this.wanted;
    const operator = stop !== null ? `Stops early: ${stop}` : pause !== null ? `Paused: ${pause}` : null;
    const notices = [operator, this.#waiting, this.#codes()].filter((one) => one !== null);
    return {
      status: this.#status(),
      round: this.completedRound,
      rounds: this.decidedRounds,
      plan: this.plan,
      bestScore: this.#summaries[0]?.bestScore ?? null,
      testScore: this.#phase.kind === 'finished' ? this.#phase.testScore : null,
      subPopulations: this.#summaries,
      holds: this.holds,
      notice: notices.length > 0 ? notices.join('; ') : null,
      ignored: this.#ignored,
      warnings: this.#warnings,
      undeleted: this.undeleted,
    };
  }

  show(): void {
    this.#publication.show(this.progress());
  }

  /** What people should know if more than one code decided. */
  #codes(): string | null {
    return describeCodes(mergeCodes(this.#summaries.map(({ decidedBy }) => decidedBy)));
  }

  #status(): RunProgress['status'] {
    switch (this.#phase.kind) {
      case 'planning':
      case 'preparing':
      case 'starting':
        return 'planning';
      case 'running':
        if (this.holds.length > 0) return 'holding';
        if (this.wanted.stop !== null) return 'stopping';
        return this.wanted.pause === null ? 'running' : 'paused';
      case 'finishing':
        return this.ownHold === null ? 'finishing' : 'holding';
      case 'finished':
      case 'failed':
      case 'cancelled':
        return this.#phase.kind;
      default:
        return this.#phase satisfies never;
    }
  }
}
