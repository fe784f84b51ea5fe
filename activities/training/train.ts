/**
 * The training activity: one worker's whole round, from checkpoint to checkpoint.
 *
 * The same request gives the same checkpoint, whatever happened in between. A retry continues from a partial
 * checkpoint, whose reference travels in the heartbeat, or starts the round again. A checkpoint does not depend on time
 * or place. If trainers are killed, the first partial checkpoint is saved earlier after each death, so that the round
 * makes progress between two deaths.
 */
import { Context } from '@temporalio/activity';
import { INVALID_TASK } from '../contracts/task.ts';
import type { CheckpointReference } from '../contracts/checkpoint.ts';
import type { TrainingActivities, TrainOutcome, TrainRequest } from '../contracts/training.ts';
import { CheckpointStore } from '../storage/checkpoints.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { encodeSafetensors } from '../storage/safetensors.ts';
import type { State, Task } from '../tasks/task.ts';
import { InvalidSettings, type TaskRegistry } from '../tasks/registry.ts';
import { DATA_DIRECTORY, registryWith } from '../tasks/shipped.ts';
import { attempted } from './attempts.ts';
import { asTask, trainingFailure, workerShutdown } from './failures.ts';
import { verifyHyperparameters } from './hyperparameters.ts';
import { report } from './report.ts';
import { digestOf, partialsOf, progressOf, roundOf } from './round.ts';
import { begin, stretches } from './stretches.ts';

export { processShouldRecycle } from '../tasks/tensorflow/library.ts';

export interface TrainingDependencies {
  readonly objects: ObjectStore;
  /** Threads that this process computes with; requests for another number are refused. */
  readonly threads: number;
  /** Default: a store of its own over `objects`. */
  readonly checkpoints?: Pick<CheckpointStore, 'get' | 'put' | 'delete'>;
  /** Folder with one folder for each data set; default: the one that set-up fills. */
  readonly dataDirectory?: string;
  /** Milliseconds of training after which a partial checkpoint is saved; default: a minute. */
  readonly partialEveryMs?: number;
  /** Default: those that ship. */
  readonly tasks?: Pick<TaskRegistry, 'describe' | 'task'>;
}

const PARTIAL_EVERY_MS = 60_000;
/**
 * Factor by which the first partial checkpoint is saved earlier after each death of a trainer. The intervals then grow
 * again, up to the usual one.
 */
const SOONER_AFTER_DEATH = 4;

/** Returns the activities of a trainer. */
export function createTrainingActivities(dependencies: TrainingDependencies): TrainingActivities {
  const {
    objects,
    threads,
    checkpoints = new CheckpointStore(objects),
    dataDirectory = DATA_DIRECTORY,
    partialEveryMs = PARTIAL_EVERY_MS,
    tasks = registryWith(),
  } = dependencies;
  const taskFor = (request: Pick<TrainRequest, 'task' | 'threads'>): Task => {
    if (request.threads !== threads) {
      const advice =
        `start trainers with \`--threads ${request.threads}\`, ` +
        `or set \`threads\` to ${threads} in the specification`;
      throw trainingFailure(
        'ThreadCountMismatch',
        `Cannot train with ${request.threads} threads: this trainer computes with ${threads}; ${advice}`,
      );
    }
    return taskOf(request, tasks);
  };
  return {
    train: (request) => train(request, { task: taskFor(request), dataDirectory }, checkpoints, partialEveryMs),
    report: (request) => report(request, { task: taskFor(request), dataDirectory }, checkpoints, objects),
  };
}

function taskOf(request: Pick<TrainRequest, 'task'>, tasks: Pick<TaskRegistry, 'task'>): Task {
  try {
    return tasks.task(request.task);
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    throw trainingFailure(INVALID_TASK, error.message);
  }
}

async function train(
  request: TrainRequest,
  { task, dataDirectory }: { readonly task: Task; readonly dataDirectory: string },
  checkpoints: Pick<CheckpointStore, 'get' | 'put' | 'delete'>,
  partialEveryMs: number,
): Promise<TrainOutcome> {
  const started = performance.now();
  const round = roundOf(request, task);
  const { worker, hyperparameters } = round;
  const partials = partialsOf(round, checkpoints);
  return attempted(
    {
      doing: `train ${worker} from step ${round.step}`,
      beginsAtStep: round.step,
      describe: (attempt) => progressOf(round, attempt),
    },
    async (heartbeat, { deaths }) => {
      const session = await asTask(`open ${worker}'s session`, () =>
        task.open({ seed: request.seed, worker, hyperparameters, dataDirectory }),
      );
      try {
        const put = async (partOfRoundTo?: number): Promise<CheckpointReference> => {
          const state = await asTask(`save ${worker} at step ${round.step}`, () => session.save());
          return checkpoints.put(request.storage, encode(task, state, round.step), round.step, partOfRoundTo);
        };
        await begin(round, session, checkpoints);
        const effectiveHyperparameters = await verifyHyperparameters(round, session);
        let saveAfterMs = partialEveryMs / SOONER_AFTER_DEATH ** deaths;
        let savedAt = performance.now();
        for await (const interruption of stretches(round, session)) {
          const saves = interruption !== null && (interruption.workerShutdown || interruption.paused);
          if (saves || performance.now() - savedAt >= saveAfterMs) {
            round.partial = {
              checkpoint: await put(request.toStep),
              scores: [...round.scores],
              requestSha256: digestOf(request),
              superseded: partials.keys,
            };
            savedAt = performance.now();
            saveAfterMs = Math.min(partialEveryMs, saveAfterMs * SOONER_AFTER_DEATH);
            heartbeat();
            await partials.told(round.partial.checkpoint.key);
          }
          if (interruption?.workerShutdown)
            throw workerShutdown(
              `Cannot finish ${worker}'s round: its trainer shuts down at step ${round.step}, saved there`,
            );
          if (interruption) await Context.current().cancelled;
        }
        const checkpoint = await put();
        const trainerSeconds = (performance.now() - started) / 1000;
        return { checkpoint, scores: round.scores, effectiveHyperparameters, trainerSeconds };
      } finally {
        await session.dispose();
      }
    },
  );
}

function encode(task: Task, state: State, step: number): Uint8Array {
  return encodeSafetensors(state, { format: 'fire-pbt-checkpoint/1', task: task.kind, step: String(step) });
}
