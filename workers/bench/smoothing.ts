/**
 * How long smoothing takes: median of milliseconds per curve, and of the first curve of a length (which `fixed`
 * remembers something about).
 */
import { randomStream, smooth } from '../../workflows/algorithm/index.ts';

const REPEATS = 50;
const stream = randomStream(1, 'bench');

console.log('model      points   first ms  median ms');
for (const model of ['fixed', 'estimated'] as const) {
  // So that no first time is the compiler's.
  for (let i = 0; i < 30; i++) smooth(curve(150 + i), model);
  for (const points of [10, 100, 1000]) {
    const times = Array.from({ length: REPEATS }, () => {
      const scores = curve(points);
      const start = performance.now();
      smooth(scores, model);
      return performance.now() - start;
    });
    const [first = NaN] = times;
    const median = times.sort((a, b) => a - b)[REPEATS / 2] ?? NaN;
    console.log(
      `${model.padEnd(10)} ${String(points).padStart(6)} ${first.toFixed(3).padStart(10)} ${median.toFixed(3).padStart(10)}`,
    );
  }
}

function curve(points: number): number[] {
  return Array.from({ length: points }, (_, i) => 0.86 - 0.3 / (1 + (8 * i) / points) + 0.01 * stream.normal());
}
