/**
 * A curve of scores as the algorithm compares it.
 */
import { smooth } from '../algorithm/index.ts';
import type { Curve } from '../algorithm/index.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import type { ScoreCurve } from './state.ts';

/** Smooths a curve. Returns 'diverged' if a score has diverged. */
export function smoothed(curve: ScoreCurve, { smoothing }: Specification): Curve | 'diverged' {
  const raw = curve.scores.filter((score) => typeof score === 'number');
  return raw.length < curve.scores.length ? 'diverged' : { raw, smoothed: smooth(raw, smoothing) };
}
