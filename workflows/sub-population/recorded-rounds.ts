/**
 * The records that a sub-population writes, and those that it resumes from. Each is known by a reference, so that no
 * other record is used in its place.
 */
import { ApplicationFailure, CancellationScope, condition } from '@temporalio/workflow';
import type { RoundReference } from '../../activities/contracts/run.ts';
import type { RoundEvent } from '../population/events.ts';
import { subPopulationName } from '../population/names.ts';
import type { PopulationState } from '../population/state.ts';
import { loadState, orchestration } from '../run/activities.ts';
import type { LoadedState, Run } from '../run/activities.ts';
import type { Mail } from './mail.ts';
import type { OperatorHolds } from './operator-holds.ts';

/** The recorded rounds of P`level`. */
export class RecordedRounds {
  readonly #run: Run;
  readonly #level: number;
  #newest: RoundReference | null;
  #before: RoundReference | null = null;
  /** What was loaded of P(i−1). */
  #below: RoundReference | null;

  /** `newest` is the round to resume from, `below` P(i−1)'s record of that round; null: it is not known. */
  constructor(run: Run, level: number, newest: RoundReference | null, below: RoundReference | null) {
    this.#run = run;
    this.#level = level;
    this.#newest = newest;
    this.#below = below;
  }

  /** Null: no round is recorded. */
  get newest(): RoundReference | null {
    return this.#newest;
  }

  /** Returns the reference of one of the two newest rounds; null: the round is neither. */
  referenceOf(round: number): RoundReference | null {
    return [this.#newest, this.#before].find((one) => one?.round === round) ?? null;
  }

  /** Loads the own state after the newest round. Holds while it cannot be had. */
  async load(round: number, holds: OperatorHolds): Promise<PopulationState> {
    const load = (): Promise<LoadedState> => loadState(this.#run, round, this.#level, this.#newest);
    return (await holds.untilDone(this.#work(`load round ${round}`), load)).state;
  }

  /**
   * Loads the state of P(i−1) after the newest round. Holds while it cannot be had. P(i−1) may not have recorded it
   * yet. Once there is news of its next round it has, and the news has the reference.
   */
  async loadBelow(round: number, mail: Mail, holds: OperatorHolds): Promise<PopulationState> {
    const work = this.#work(`load round ${round} of ${subPopulationName(this.#level - 1)}`);
    return holds.untilDone(work, () => this.#loadBelow(round, mail));
  }

  async #loadBelow(round: number, mail: Mail): Promise<PopulationState> {
    const load = (reference: RoundReference | null): Promise<LoadedState> =>
      loadState(this.#run, round, this.#level - 1, reference);
    const waiting = new CancellationScope();
    const hasNews = (): boolean => this.#below === null && mail.newsOf(round + 1) !== undefined;
    const loading = waiting.run(() => load(this.#below));
    let loaded = await Promise.race([loading, condition(hasNews).then(() => null)]);
    if (loaded === null) {
      waiting.cancel();
      await loading.catch(() => undefined);
      loaded = await load(mail.newsOf(round + 1)?.recorded ?? null);
    }
    this.#below = loaded.reference;
    return loaded.state;
  }

  /** Fails if what was loaded of P(i−1) is not what P(i−1) recorded, according to its news. */
  checkBelow(recorded: RoundReference | null): void {
    if (recorded === null || this.#below?.round !== recorded.round || this.#below.sha256 === recorded.sha256) return;
    const message =
      `Cannot use record of round ${recorded.round} of ${subPopulationName(recorded.subPopulation)}: expected ` +
      `SHA-256 ${recorded.sha256}, got ${this.#below.sha256}`;
    throw ApplicationFailure.nonRetryable(message, 'RecordRefused');
  }

  /** Records a round. Holds while the store refuses it. */
  async save(
    round: number,
    events: readonly RoundEvent[],
    trainerSeconds: number,
    holds: OperatorHolds,
  ): Promise<void> {
    const { storage, generation } = this.#run;
    const [subPopulation, previous] = [this.#level, this.#newest];
    const saved = { storage, generation, round, subPopulation, previous, events, trainerSeconds };
    this.#newest = await holds.untilDone(this.#work('record the round'), () => orchestration.saveRound(saved));
    this.#before = previous;
  }

  #work(doing: string): { readonly worker: string; readonly doing: string } {
    return { worker: subPopulationName(this.#level), doing };
  }
}
