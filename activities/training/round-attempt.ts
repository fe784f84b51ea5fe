/**
 * One attempt at a worker's round, from checkpoint to checkpoint.
 *
 * The same request gives the same checkpoint, whatever happened in between. A retry continues from a partial
 * checkpoint, or starts the round again. A checkpoint does not depend on time or place. If trainers die, the first
 * partial checkpoint is saved earlier after each death, so that the round makes progress between two deaths.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import { CHECKPOINT_FORMAT, type CheckpointReference } from '../contracts/checkpoint.ts';
import type { CheckpointStore } from '../storage/checkpoints.ts';
import { encodeSafetensors } from '../storage/safetensors.ts';
import { disposeOf } from '../tasks/disposal.ts';
import type { Session, Task } from '../tasks/task.ts';
import { begin, type Beginning } from './beginning.ts';
import type { Interrupted, Interruption, Observer, PartialCheckpoint, TrainOrder, Trained } from './computer.ts';
import { followCourse, type Course, type Pace } from './course.ts';
import { asTask } from './failures.ts';
import { completeHyperparameters, verifyHyperparameters } from './hyperparameters.ts';
import { digestOf, Partials } from './partials.ts';
import { Teller } from './teller.ts';

/**
 * Factor by which the first partial checkpoint is saved earlier after each death of a trainer. The intervals then grow
 * again, up to the usual one.
 */
const SOONER_AFTER_DEATH = 4;
/** Between two turns of the event loop, in which interruptions arrive. A turn costs as much as several short calls. */
const TURN_EVERY_MS = 5;

export interface RoundEnvironment {
  readonly task: Task;
  /** Folder with one folder a data set. */
  readonly dataDirectory: string;
  readonly checkpoints: Pick<CheckpointStore, 'get' | 'put' | 'delete'>;
  /** Milliseconds of training after which a partial checkpoint is saved. */
  readonly partialEveryMs: number;
}

export class RoundAttempt {
  readonly #order: TrainOrder;
  readonly #task: Task;
  readonly #dataDirectory: string;
  readonly #interruption: AbortSignal;
  readonly #checkpoints: Pick<CheckpointStore, 'get' | 'put' | 'delete'>;
  readonly #partials: Partials;
  readonly #teller: Teller;
  readonly #partialEveryMs: number;
  #saveAfterMs: number;
  #savedAtMs = performance.now();
  #turnAtMs = performance.now();

  constructor(order: TrainOrder, observer: Observer, environment: RoundEnvironment) {
    const { task, dataDirectory, checkpoints, partialEveryMs } = environment;
    this.#order = order;
    this.#task = task;
    this.#dataDirectory = dataDirectory;
    this.#interruption = observer.interruption;
    this.#checkpoints = checkpoints;
    this.#partials = Partials.of(order, checkpoints);
    this.#teller = new Teller(observer, order.partial, order.request.fromStep);
    this.#partialEveryMs = partialEveryMs;
    this.#saveAfterMs = partialEveryMs / SOONER_AFTER_DEATH ** order.deaths;
  }

  /** Trains the round to its end, or until it is interrupted. */
  async train(pace: Pace): Promise<Trained | Interrupted> {
    const { request, worker } = this.#order;
    try {
      const hyperparameters = completeHyperparameters(this.#task.hyperparameters, { ...request, worker });
      this.#teller.begins('opening', null);
      const session = await asTask(`open ${worker}'s session`, () =>
        this.#task.open({
          seed: request.seed,
          worker,
          hyperparameters,
          dataDirectory: this.#dataDirectory,
          progressed: this.#teller.advanced,
        }),
      );
      try {
        return await this.#trainSession(session, hyperparameters, pace);
      } finally {
        await disposeOf(`${worker}'s session`, [session]);
      }
    } finally {
      this.#teller.end();
    }
  }

  async #trainSession(
    session: Session,
    hyperparameters: HyperparameterValues,
    pace: Pace,
  ): Promise<Trained | Interrupted> {
    const { worker } = this.#order;
    const beginning = await begin(this.#order, session, this.#checkpoints);
    const course = courseFrom(beginning, this.#order);
    this.#teller.follow(course, beginning.partial);
    const effectiveHyperparameters = await verifyHyperparameters(
      { worker, hyperparameters, step: course.step },
      session,
    );
    this.#savedAtMs = performance.now();
    for await (const _ of followCourse(course, session, pace, (...what) => this.#teller.begins(...what))) {
      await this.#takeTurn();
      if (this.#shouldSave(course)) await this.#savePartial(session, course);
      if (this.#interruption.aborted) return { interrupted: true };
    }
    this.#teller.begins('storing', null);
    const checkpoint = await this.#put(session, course.step);
    return { checkpoint, scores: course.scores, effectiveHyperparameters };
  }

  async #takeTurn(): Promise<void> {
    if (performance.now() - this.#turnAtMs < TURN_EVERY_MS) return;
    await nextTurn();
    this.#turnAtMs = performance.now();
  }

  #shouldSave({ trainedSteps }: Course): boolean {
    if (trainedSteps === 0) return false;
    if (this.#interruption.aborted) return (this.#interruption.reason as Interruption).saves;
    return performance.now() - this.#savedAtMs >= this.#saveAfterMs;
  }

  async #savePartial(session: Session, { step, scores }: Course): Promise<void> {
    const { request } = this.#order;
    this.#teller.begins('storing', null);
    const partial: PartialCheckpoint = {
      checkpoint: await this.#put(session, step, request.toStep),
      scores: [...scores],
      requestSha256: digestOf(request),
      superseded: this.#partials.keys,
    };
    this.#savedAtMs = performance.now();
    this.#saveAfterMs = Math.min(this.#partialEveryMs, this.#saveAfterMs * SOONER_AFTER_DEATH);
    this.#teller.saved(partial);
    await this.#partials.told(partial.checkpoint.key);
  }

  async #put(session: Session, step: number, partOfRoundTo?: number): Promise<CheckpointReference> {
    const { request, worker } = this.#order;
    const metadata = { format: CHECKPOINT_FORMAT, task: this.#task.kind, step: String(step) };
    // No variable holds the state, so that it is in memory once while it is stored.
    const bytes = encodeSafetensors(await asTask(`save ${worker} at step ${step}`, () => session.save()), metadata);
    return this.#checkpoints.put(request.storage, bytes, step, partOfRoundTo);
  }
}

function courseFrom({ step, scores }: Beginning, { request, worker }: TrainOrder): Course {
  const { fromStep, toStep, evalEvery } = request;
  return {
    worker,
    fromStep,
    toStep,
    evalEvery,
    step,
    scores: [...scores],
    trainedSteps: 0,
    trainingMs: 0,
    waitedMs: 0,
  };
}
