/**
 * Measures the time to smooth a curve.
 */
import { randomStream, smooth } from '../../workflows/algorithm/index.ts';

const REPEATS = 50;
const WARM_UPS = 30;

/**
 * Prints the milliseconds for the first curve of each length, and the median. `fixed` is slower for the first curve,
 * because it caches a part of the computation per length.
 */
export function benchSmoothing(): void {
  const stream = randomStream(1, 'bench');
  const curve = (points: number): number[] =>
    Array.from({ length: points }, (_, i) => 0.86 - 0.3 / (1 + (8 * i) / points) + 0.01 * stream.normal());
  console.log('model      points   first ms  median ms');
  for (const model of ['fixed', 'estimated'] as const) {
    // Warms up the just-in-time compiler.
    for (let i = 0; i < WARM_UPS; i++) smooth(curve(150 + i), model);
    for (const points of [10, 100, 1000]) {
      const times = Array.from({ length: REPEATS }, () => {
        const scores = curve(points);
        const startMs = performance.now();
        smooth(scores, model);
        return performance.now() - startMs;
      });
      const [first = NaN] = times;
      const median = times.sort((a, b) => a - b)[REPEATS / 2] ?? NaN;
      const columns = [String(points).padStart(6), first.toFixed(3).padStart(10), median.toFixed(3).padStart(10)];
      console.log(`${model.padEnd(10)} ${columns.join(' ')}`);
    }
  }
}
