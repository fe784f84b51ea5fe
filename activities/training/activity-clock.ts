/**
 * What a computing process does, and for how long it has made no progress with it.
 */
import type { Doing, Progress } from './computer.ts';

/** What a trainer does. */
export interface Activity {
  /** `starting`: the computing process is not ready yet. */
  readonly doing: Doing | 'starting';
  /** Whole seconds without progress: a step, or whatever it does, takes so long. */
  readonly forSeconds: number;
}

export class ActivityClock {
  #doing: Activity['doing'] = 'starting';
  #reached = '';
  #sinceMs = performance.now();

  /** Milliseconds since the last progress. */
  get elapsedMs(): number {
    return performance.now() - this.#sinceMs;
  }

  get doing(): Activity['doing'] {
    return this.#doing;
  }

  /** Takes what the process tells. It has made progress if anything of it is new. */
  note({
    doing,
    step,
    advances,
    scores,
    partial,
  }: Pick<Progress, 'doing' | 'step' | 'advances' | 'scores' | 'partial'>): void {
    const reached = [doing, step, advances, scores.length, partial?.checkpoint.key].join(' ');
    if (reached === this.#reached) return;
    this.#reached = reached;
    this.#doing = doing;
    this.#sinceMs = performance.now();
  }

  now(): Activity {
    return { doing: this.#doing, forSeconds: Math.floor(this.elapsedMs / 1000) };
  }
}
