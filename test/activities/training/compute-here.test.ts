import { describe } from 'node:test';
import { computeHere } from '../../../activities/training/compute-here.ts';
import { describeComputer } from './computer-cases.ts';

describe('a computer in its own process', () => {
  describeComputer(async (_, objects) => ({
    computer: computeHere({ objects, threads: 1 }),
    stop: async () => undefined,
  }));
});
