/**
 * The course of a round: calls into a session, each up to the next measurement.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import { scoreOf } from '../tasks/score.ts';
import type { Session } from '../tasks/task.ts';
import type { Doing } from './computer.ts';
import { asTask } from './failures.ts';

/** A call is as long as the way to the next measurement, but takes about this long at most. */
const CALL_MS = 250;
/** Factor by which a call may be longer than the one before it. */
const GROWTH = 16;

/** How fast a task is known to be: kept between sessions, so that only the first is found out about. */
export interface Pace {
  /** Steps of the last call, and what each took. */
  steps: number;
  stepMs: number | null;
  measureMs: number | null;
}

export const UNKNOWN_PACE: Pace = { steps: 0, stepMs: null, measureMs: null };

/** A round in training, with what changes while it is trained. */
export interface Course {
  /** As in `P1/member-3`. */
  readonly worker: string;
  readonly fromStep: number;
  readonly toStep: number;
  readonly evalEvery: number;
  /** Steps completed. */
  step: number;
  scores: Score[];
  trainedSteps: number;
  trainingMs: number;
  /** Of these, waiting for data. */
  waitedMs: number;
}

/**
 * Trains and measures until the round is over or diverged. Yields before the first call and after each; `begins` is
 * told what comes next, and how long that is known to take.
 */
export async function* followCourse(
  course: Course,
  session: Session,
  pace: Pace,
  begins: (doing: Doing, knownMs: number | null) => void = () => undefined,
): AsyncGenerator<void> {
  const { worker, fromStep, toStep, evalEvery, scores } = course;
  const measurements = (toStep - fromStep) / evalEvery;
  yield;
  while (scores.length < measurements) {
    const measuredAt = fromStep + (scores.length + 1) * evalEvery;
    while (course.step < measuredAt) {
      const { step } = course;
      const end = Math.min(measuredAt, step + mostSteps(pace));
      begins('training', pace.stepMs === null ? null : (end - step) * pace.stepMs);
      const { tookMs } = await timed(() =>
        asTask(`train ${worker} at steps ${step} to ${end}`, () => session.train(step, end)),
      );
      pace.steps = end - step;
      pace.stepMs = tookMs / pace.steps;
      course.step = end;
      course.trainedSteps += end - step;
      course.trainingMs += tookMs;
      course.waitedMs = session.waitedMs ?? 0;
      yield;
    }
    begins('measuring', pace.measureMs);
    const { value: score, tookMs } = await timed(() =>
      asTask(`measure ${worker} at step ${measuredAt}`, () => session.measure()),
    );
    pace.measureMs = tookMs;
    scores.push(scoreOf(score));
    if (scores.at(-1) === 'diverged') while (scores.length < measurements) scores.push('diverged');
    yield;
  }
}

function mostSteps({ steps, stepMs }: Pace): number {
  if (stepMs === null) return 1;
  return Math.max(1, Math.min(GROWTH * steps, Math.floor(CALL_MS / Math.max(stepMs, Number.EPSILON))));
}

async function timed<T>(run: () => Promise<T>): Promise<{ readonly value: T; readonly tookMs: number }> {
  const before = performance.now();
  const value = await run();
  return { value, tookMs: performance.now() - before };
}
