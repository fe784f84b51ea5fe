/**
 * Curves for the tests: with smoothed values written by hand, or drawn at random.
 */
import { smooth } from '../../../workflows/algorithm/index.ts';
import type { Curve, RandomStream, SmoothingModel } from '../../../workflows/algorithm/index.ts';

/** A curve whose smooth is itself. */
export function unsmoothed(...raw: readonly number[]): Curve {
  return { raw, smoothed: raw };
}

export function curveOf(raw: readonly number[], model: SmoothingModel): Curve {
  return { raw, smoothed: smooth(raw, model) };
}

/** 1 to `maxLength` whole numbers, close enough together for ties and for every kind of overlap. */
export function integerCurve(stream: RandomStream, maxLength: number): Curve {
  const length = 1 + stream.integer(maxLength);
  const level = stream.integer(12);
  const slope = stream.integer(4);
  const draw = (): number[] =>
    Array.from({ length }, (_, i) => level + Math.floor((slope * i) / 3) + stream.integer(4));
  return { raw: draw(), smoothed: draw() };
}

/** A score that rises towards 1, by `noise` up and down. */
export function learningCurve(stream: RandomStream, length: number, noise: number): number[] {
  const start = 0.2 + 0.4 * stream.next();
  const speed = 1 + 8 * stream.next();
  return Array.from({ length }, (_, i) => 1 - (1 - start) / (1 + (speed * i) / length) + noise * stream.normal());
}
