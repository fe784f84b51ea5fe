/**
 * The computer of a process: it trains rounds and writes reports where it is called.
 */
import { classifyFailures } from '../failures.ts';
import { LruCache } from '../../workflows/algorithm/lru-cache.ts';
import { INVALID_TASK } from '../contracts/task.ts';
import type { TrainRequest } from '../contracts/training.ts';
import { CheckpointStore } from '../storage/checkpoints.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Task } from '../tasks/task.ts';
import { InvalidSettings, type TaskRegistry } from '../tasks/registry.ts';
import { DATA_DIRECTORY, registryWith } from '../tasks/shipped.ts';
import { RoundAttempt } from './round-attempt.ts';
import type { Computer } from './computer.ts';
import { UNKNOWN_PACE, type Pace } from './course.ts';
import { describe } from './describe.ts';
import { trainingFailure } from './failures.ts';
import { report } from './report.ts';

export interface ComputingDependencies {
  readonly objects: ObjectStore;
  /** Threads that this process computes with; requests for another number are refused. */
  readonly threads: number;
  /** Default: a store of its own over `objects`. */
  readonly checkpoints?: Pick<CheckpointStore, 'get' | 'put' | 'delete'>;
  /** Folder with one folder for each data set; default: the one that set-up fills in a clone. */
  readonly dataDirectory?: string;
  /** Milliseconds of training after which a partial checkpoint is saved; default: a minute. */
  readonly partialEveryMs?: number;
  /** Default: those that ship. */
  readonly tasks?: Pick<TaskRegistry, 'describe' | 'check' | 'task'>;
}

const PARTIAL_EVERY_MS = 60_000;
/** Tasks whose pace is kept. */
const MOST_PACES = 16;

/** Returns the computer of this process. */
export function computeHere(dependencies: ComputingDependencies): Computer {
  const {
    objects,
    threads,
    checkpoints = new CheckpointStore(objects),
    dataDirectory = DATA_DIRECTORY,
    partialEveryMs = PARTIAL_EVERY_MS,
    tasks = registryWith(),
  } = dependencies;
  const paces = new LruCache<string, Pace>(MOST_PACES);
  const taskFor = (request: Pick<TrainRequest, 'task' | 'threads'>): Task => {
    requireThreads(request.threads, threads);
    return taskOf(request, tasks);
  };
  const paceOf = ({ task }: TrainRequest): Pace => {
    const key = JSON.stringify(task);
    const pace = paces.get(key) ?? { ...UNKNOWN_PACE };
    paces.set(key, pace);
    return pace;
  };
  return classifyFailures<Computer>({
    describe: (request) => describe(request, threads, tasks, dataDirectory),
    train: async (order, observer) => {
      const task = taskFor(order.request);
      return new RoundAttempt(order, observer, { task, dataDirectory, checkpoints, partialEveryMs }).train(
        paceOf(order.request),
      );
    },
    report: async (request, observer) =>
      report(request, { task: taskFor(request), dataDirectory }, checkpoints, objects, observer),
  });
}

function requireThreads(asked: number, threads: number): void {
  if (asked === threads) return;
  const advice = `start trainers with \`--threads ${asked}\`, or set \`threads\` to ${threads} in the specification`;
  throw trainingFailure(
    'ThreadCountMismatch',
    `Cannot train with ${asked} threads: this trainer computes with ${threads}; ${advice}`,
  );
}

function taskOf(request: Pick<TrainRequest, 'task'>, tasks: Pick<TaskRegistry, 'task'>): Task {
  try {
    return tasks.task(request.task);
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    throw trainingFailure(INVALID_TASK, error.message);
  }
}
