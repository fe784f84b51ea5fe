/**
 * Rounds in a trainer's computing process, without Temporal: the same orders, the same checkpoints in an object store.
 */
import { execFileSync } from 'node:child_process';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';
import type { TrainRequest } from '../../activities/contracts/training.ts';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import type { Progress } from '../../activities/training/computer.ts';
import { startObjectServer } from '../../test/object-server.ts';
import { memberName } from '../../workflows/population/names.ts';
import { ComputingProcess } from '../computing/computing-process.ts';
import { tensorFlowEnvironment } from '../processes/tensorflow-environment.ts';

const STORAGE = { bucket: 'bench', folder: 'bench/rounds' };

/** A round of a member, which goes on from its round before. */
export interface BenchRound extends Pick<TrainRequest, 'task' | 'evalEvery' | 'hyperparameters'> {
  /** Number of the member. */
  readonly member: number;
  readonly steps: number;
}

export interface BenchTrainer {
  /** Trains a round and returns its last progress. */
  readonly train: (round: BenchRound) => Promise<Progress>;
  /** Returns what of the process is in the machine's memory, MiB. */
  readonly residentMib: () => number;
}

/** Starts a process with one thread and variables of its own, gives it to `use`, and ends it. */
export async function withTrainer<Result>(
  variables: Readonly<Record<string, string>>,
  use: (trainer: BenchTrainer) => Promise<Result>,
): Promise<Result> {
  const server = await startObjectServer();
  try {
    const objects = new ObjectStore(server.options);
    await objects.ensureBucket(STORAGE.bucket);
    await objects.close();
    const computer = new ComputingProcess({
      name: 'fire-pbt bench computing',
      args: ['--threads', '1'],
      environment: tensorFlowEnvironment(1, { ...process.env, ...server.environment, ...variables }),
      hangAfterMs: 600_000,
    });
    await computer.start();
    try {
      return await use(trainerOf(computer));
    } finally {
      await computer.stop();
    }
  } finally {
    await server.stop();
  }
}

function trainerOf(computer: ComputingProcess): BenchTrainer {
  const checkpoints = new Map<number, CheckpointReference>();
  const train = async ({ member, steps, ...round }: BenchRound): Promise<Progress> => {
    const checkpoint = checkpoints.get(member) ?? null;
    const fromStep = checkpoint?.step ?? 0;
    const request: TrainRequest = {
      ...round,
      storage: STORAGE,
      seed: 0,
      threads: 1,
      worker: { subPopulation: 1, kind: 'member', index: member },
      checkpoint,
      fromStep,
      toStep: fromStep + steps,
    };
    let last: Progress | undefined;
    const trained = await computer.train(
      { request, worker: memberName(1, member), partial: null, deaths: 0, heartbeatTimeoutMs: null },
      { progressed: (progress) => (last = progress), interruption: new AbortController().signal },
    );
    if ('interrupted' in trained || !last) throw new Error('Cannot measure rounds: one did not come to its end');
    checkpoints.set(member, trained.checkpoint);
    return last;
  };
  const residentMib = (): number =>
    Number(execFileSync('ps', ['-o', 'rss=', '-p', String(computer.pid)], { encoding: 'utf8' })) / 1024;
  return { train, residentMib };
}
