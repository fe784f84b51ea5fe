/**
 * Tells an observer how far a round is: as often as is needed to know what a process does that does not answer, and no
 * more often.
 */
import type { Doing, Observer, PartialCheckpoint } from './computer.ts';
import type { Course } from './course.ts';

/** What takes less is told with the next. */
const TELL_EVERY_MS = 200;

type Told = Pick<Course, 'step' | 'scores' | 'trainedSteps' | 'trainingMs' | 'waitedMs'>;

export class Teller {
  readonly #observer: Pick<Observer, 'progressed'>;
  readonly #timer: NodeJS.Timeout;
  #course: Told;
  #partial: PartialCheckpoint | null;
  #doing: Doing = 'opening';
  #advances = 0;
  #knownMs: number | null = null;
  #told: Doing | undefined;
  #toldAtMs = -Infinity;
  #hasEnded = false;

  /** Before the course of the round is known, the step is that of the partial checkpoint, else `fromStep`. */
  constructor(observer: Pick<Observer, 'progressed'>, partial: PartialCheckpoint | null, fromStep: number) {
    this.#observer = observer;
    this.#partial = partial;
    this.#course = {
      step: partial?.checkpoint.step ?? fromStep,
      scores: [...(partial?.scores ?? [])],
      trainedSteps: 0,
      trainingMs: 0,
      waitedMs: 0,
    };
    this.#timer = setInterval(() => this.#tell(), TELL_EVERY_MS);
  }

  /** Takes the course to tell about, and the partial checkpoint that it has begun from. */
  follow(course: Told, partial: PartialCheckpoint | null): void {
    this.#course = course;
    this.#partial = partial;
  }

  /**
   * Notes what comes next. Tells it if it may take long, if nothing was told for a while, or if it is something else
   * than was told last: but measurements that are known to be short count as training.
   */
  begins(doing: Doing, knownMs: number | null): void {
    this.#doing = doing;
    this.#knownMs = knownMs;
    const mayTakeLong = knownMs === null || knownMs >= TELL_EVERY_MS;
    const changes = doing !== this.#told && doing !== 'measuring';
    if (mayTakeLong || changes || performance.now() - this.#toldAtMs >= TELL_EVERY_MS) this.#tell();
  }

  /** Notes that what takes long goes on. Tells it if nothing was told for a while. What has failed may go on too. */
  readonly advanced = (): void => {
    if (this.#hasEnded) return;
    this.#advances++;
    if (performance.now() - this.#toldAtMs >= TELL_EVERY_MS) this.#tell();
  };

  /** Tells that a partial checkpoint is stored. */
  saved(partial: PartialCheckpoint): void {
    this.#partial = partial;
    this.#tell();
  }

  /** Tells no more. */
  end(): void {
    clearInterval(this.#timer);
    this.#hasEnded = true;
  }

  #tell(): void {
    const { step, scores, trainedSteps, trainingMs, waitedMs } = this.#course;
    this.#told = this.#doing;
    this.#toldAtMs = performance.now();
    this.#observer.progressed({
      doing: this.#doing,
      step,
      advances: this.#advances,
      knownMs: this.#knownMs,
      scores: [...scores],
      trainedSteps,
      trainingMs,
      waitedMs,
      partial: this.#partial,
    });
  }
}
