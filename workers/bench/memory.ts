/**
 * Measures the memory of a trainer's computing process from round to round, as members of a population take turns in
 * it: on images that fit in memory, and on images that are streamed.
 */
import type { TaskSpecification } from '../../activities/contracts/task.ts';
import { withJpegFolder } from './jpeg-folder.ts';
import { withTrainer } from './rounds.ts';

/** How much more memory than after the second of the rounds below there may be after the last. */
const MOST_GROWTH = 0.05;
const ROUNDS = [1, 20, 100, 200] as const;
const FEW_ROUNDS = [1, 5, 10] as const;

const MEMBERS = 4;
const STEPS = 4;
const TASK = {
  kind: 'image-classification',
  model: { kind: 'resnet', depth: 18, stem: 'small', width: 4 },
  batchSize: 16,
  objectiveExamples: 64,
  untouchedExamples: 16,
} as const;
const IMAGES = { count: 600, width: 120, height: 90 } as const;
const DATA_SETS = {
  'images in memory': {},
  'images that are streamed': { memory: 0, cropFrom: 'original' },
} as const;

/** Prints the memory of the process after some rounds. Returns whether it grew by no more than it may. */
export async function benchMemory(small: boolean): Promise<boolean> {
  const rounds = small ? FEW_ROUNDS : ROUNDS;
  const [, second] = rounds;
  const last = Math.max(...rounds);
  const heads = rounds.map((round) => `round ${round}`.padStart(10));
  console.log(`${'Memory of a trainer, MiB'.padEnd(28)}${heads.join('')}  ${last} : ${second}`);
  return withJpegFolder(IMAGES, async (train) => {
    let grew = false;
    for (const [title, dataSet] of Object.entries(DATA_SETS)) {
      const mib = await memoryOfRounds({ ...TASK, dataset: { kind: 'folder', train, size: 32, ...dataSet } }, last);
      const after = (round: number): number => mib[round - 1] ?? NaN;
      const ratio = after(last) / after(second);
      const cells = rounds.map((round) => after(round).toFixed(0).padStart(10));
      console.log(`${title.padEnd(28)}${cells.join('')}  ${ratio.toFixed(3)}`);
      grew ||= !(ratio <= 1 + MOST_GROWTH);
    }
    return !grew;
  });
}

/** Trains so many rounds in one process, and returns the memory that it has after each, MiB. */
async function memoryOfRounds(task: TaskSpecification, rounds: number): Promise<number[]> {
  return withTrainer({}, async ({ train, residentMib }) => {
    const mib: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const hyperparameters = { learningRate: 0.01 / (1 + round), momentum: 0.9, smallestCrop: 0.5 };
      await train({ task, member: round % MEMBERS, steps: STEPS, evalEvery: STEPS / 2, hyperparameters });
      mib.push(residentMib());
    }
    return mib;
  });
}
