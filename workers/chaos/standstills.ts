/**
 * How long a run stood still while it was disturbed, and what it waited for meanwhile.
 */
import { shortDuration } from '../../workflows/population/figures.ts';

/** A time during which nothing of a run was seen to advance. */
export interface Standstill {
  readonly fromMs: number;
  readonly toMs: number;
  /** Milliseconds by what the run waited for, in the order in which it was first seen. */
  readonly waited: Readonly<Record<string, number>>;
  /** What disturbed the run in this time, or shortly before. */
  readonly disturbances: readonly string[];
}

/** A disturbance this long before a standstill may have caused it. */
const SHORTLY_BEFORE_MS = 2_000;

/** Records what is seen of a run, again and again. Times are milliseconds of any clock. */
export class Standstills {
  readonly #ended: Standstill[] = [];
  readonly #disturbances: { readonly atMs: number; readonly what: string }[] = [];
  #position: string | undefined;
  #sinceMs: number | undefined;
  #seenMs = 0;
  #waited: Record<string, number> = {};

  /**
   * Takes note of how far the run is, in any form, and what it waits for. The position is undefined if nobody answers.
   */
  see(atMs: number, position: string | undefined, waitsFor: string): void {
    this.#sinceMs ??= atMs;
    if (this.#seenMs > 0) this.#waited[waitsFor] = (this.#waited[waitsFor] ?? 0) + atMs - this.#seenMs;
    this.#seenMs = atMs;
    if (position === undefined || position === this.#position) return;
    this.#ended.push(this.#upTo(atMs));
    this.#position = position;
    this.#sinceMs = atMs;
    this.#waited = {};
  }

  disturb(atMs: number, what: string): void {
    this.#disturbances.push({ atMs, what });
  }

  /** Returns the longest standstills, the longest first. The last one is over when the run is. */
  longest(count: number): readonly Standstill[] {
    return [...this.#ended, this.#upTo(this.#seenMs)]
      .sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs))
      .slice(0, count);
  }

  #upTo(toMs: number): Standstill {
    const fromMs = this.#sinceMs ?? toMs;
    const disturbances = this.#disturbances
      .filter(({ atMs }) => atMs >= fromMs - SHORTLY_BEFORE_MS && atMs <= toMs)
      .map(({ what }) => what);
    return { fromMs, toMs, waited: this.#waited, disturbances };
  }
}

/**
 * Formats a standstill of a run that started at `startedAtMs`, for example `12 s, from 4 min 1 s on (7 s Temporal did
 * not answer, 5 s waiting for a trainer), after kill 3 of 50: kill -9 temporal`.
 */
export function formatStandstill({ fromMs, toMs, waited, disturbances }: Standstill, startedAtMs: number): string {
  const reasons = Object.entries(waited)
    .filter(([, ms]) => ms >= 500)
    .map(([reason, ms]) => `${shortDuration(ms / 1000)} ${reason}`);
  const [duration, begin] = [toMs - fromMs, fromMs - startedAtMs].map((ms) => shortDuration(ms / 1000));
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  const after = disturbances.length === 0 ? '' : `, after ${disturbances.join(', ')}`;
  return `${duration}, from ${begin} on${why}${after}`;
}
