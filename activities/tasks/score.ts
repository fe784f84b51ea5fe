/**
 * What a task measured, as scores.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { Report } from './task.ts';

/** Returns what was measured; 'diverged' if it is no finite number: nothing else survives JSON. */
export function scoreOf(measured: unknown): Score {
  return typeof measured === 'number' && Number.isFinite(measured) ? measured : 'diverged';
}

/** Returns the scores of a report. */
export function scoresOf({ testScore, untouchedScore }: Report): Pick<Report, 'testScore' | 'untouchedScore'> {
  return {
    testScore: scoreOf(testScore),
    ...(untouchedScore === undefined ? {} : { untouchedScore: scoreOf(untouchedScore) }),
  };
}
