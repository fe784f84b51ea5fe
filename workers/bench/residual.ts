/**
 * Measures the CPU time of a training step of residual networks: compiled TensorFlow.js, and eager PyTorch.
 */
import { syntheticTraining } from '../gpu-check/synthetic-training.ts';
import { median, medianCpuMs, prepareTraining } from './cpu-time.ts';
import { measurePytorch } from './python.ts';

const CASES = [
  { depth: 18, stem: 'small', side: 32, batchSize: 8, steps: 4 },
  { depth: 50, stem: 'imagenet', side: 224, batchSize: 8, steps: 1 },
] as const;
/**
 * Prints the CPU time of a step in ms, on one thread, and the ratio of compiled steps to PyTorch's, in the better of
 * its memory formats. Both take turns for so many rounds (odd), so a busy machine slows down both. PyTorch is measured
 * if the Python has it.
 */
export function benchResidual(python: string, rounds: number): void {
  const { tensorflow, hasPytorch } = prepareTraining(python);
  console.log('CPU time of a training step, ms      compiled  PyTorch  compiled : PyTorch');
  for (const one of CASES) {
    const { depth, stem, side, batchSize, steps } = one;
    const model = { kind: 'resnet', depth, stem, width: 64 } as const;
    const { train, dispose } = syntheticTraining(tensorflow, { model, side, batchSize });
    const measured = Array.from({ length: rounds }, () => [
      (medianCpuMs([() => void train(steps)], 1)[0] ?? NaN) / steps,
      hasPytorch ? measurePytorch(python, 'pytorch_residual.py', [depth, side, batchSize, steps]) : NaN,
    ]);
    dispose();
    const [compiled = NaN, pytorch = NaN] = [0, 1].map((way) => median(measured.map((times) => times[way] ?? NaN)));
    const times = [compiled, pytorch].map((ms) => (Number.isNaN(ms) ? '–' : ms.toFixed(1)).padStart(8));
    const ratio = hasPytorch ? (compiled / pytorch).toFixed(2) : '–';
    console.log(`${`ResNet-${depth}, ${side}², batch ${batchSize}`.padEnd(36)} ${times.join(' ')}  ${ratio}`);
  }
}
