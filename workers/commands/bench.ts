/**
 * `npm run bench`: measures smoothing, training steps, those of residual networks, the decoding of images, memory,
 * storage, reports, and orchestration.
 */
import { benchImages } from '../bench/images.ts';
import { benchMemory } from '../bench/memory.ts';
import { benchOrchestration } from '../bench/orchestration.ts';
import { benchReport } from '../bench/report.ts';
import { benchResidual } from '../bench/residual.ts';
import { benchSmoothing } from '../bench/smoothing.ts';
import { benchStorage } from '../bench/storage.ts';
import { benchTraining } from '../bench/training.ts';
import { formatCount, shortDuration } from '../../workflows/population/figures.ts';
import { parseChoice, readOptions } from '../processes/command-line.ts';
import { runProcess } from '../processes/user-error.ts';
import { TOOL_HELP } from './tool-help.mjs';

const OPTIONS = {
  only: { type: 'string' },
  python: { type: 'string', default: 'python3' },
  small: { type: 'boolean', default: false },
} as const;

/** What is measured, in order. The times are those of two slow cores; `--small` takes a fraction. */
const PARTS: readonly Part[] = [
  { name: 'smoothing', says: 'how long smoothing a curve takes', minutes: 1, run: () => benchSmoothing() },
  {
    name: 'training',
    says: 'the CPU time of a training step of two small networks',
    minutes: 4,
    run: ({ python, small }) => benchTraining(python, small ? 1 : 9),
  },
  {
    name: 'residual',
    says: 'the CPU time of a training step of ResNet-18 and ResNet-50',
    minutes: 8,
    run: ({ python, small }) => benchResidual(python, small ? 1 : 5),
  },
  {
    name: 'images',
    says: 'how many images a second are decoded and cropped for training',
    minutes: 2,
    run: ({ python, small }) => benchImages(python, small ? 1 : 5),
  },
  {
    name: 'memory',
    says: 'the memory of a trainer over 200 rounds',
    minutes: 4,
    run: ({ small }) => benchMemory(small),
  },
  {
    name: 'storage',
    says: 'storing and reading a large checkpoint',
    minutes: 2,
    run: ({ small }) => benchStorage(small),
  },
  {
    name: 'report',
    says: 'drawing the report of a run of 200 members',
    minutes: 1,
    run: ({ small }) => benchReport(small),
  },
  {
    name: 'orchestration',
    says: 'what workflows cost besides training, and how long their histories become',
    minutes: 5,
    run: ({ small }) => benchOrchestration(small),
  },
];

await runProcess(async () => {
  const options = readOptions(OPTIONS, TOOL_HELP.bench);
  const names = PARTS.map(({ name }) => name);
  const only = parseChoice('only', options.only, names);
  let isWithinBudget = true;
  for (const { name, says, minutes, run } of PARTS.filter((part) => only === undefined || part.name === only)) {
    console.log(`${name}: measures ${says}${options.small ? '' : `; about ${formatCount(minutes, 'minute')}`}`);
    const begunAt = performance.now();
    if ((await run(options)) === false) isWithinBudget = false;
    console.log(`${name} took ${shortDuration((performance.now() - begunAt) / 1000)}\n`);
  }
  return isWithinBudget ? 0 : 1;
});

interface Part {
  readonly name: string;
  readonly says: string;
  readonly minutes: number;
  /** Returns false if a history exceeds its budget, or memory grew. */
  readonly run: (options: { readonly python: string; readonly small: boolean }) => unknown;
}
