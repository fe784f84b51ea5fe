/**
 * The training activity: one worker's whole round, from checkpoint to checkpoint.
 *
 * The same request gives the same checkpoint, whatever happened in between: a retry continues from a partial
 * checkpoint, whose reference travels in the heartbeat, or else starts the round again. Nothing of time or place goes
 * into a checkpoint. Where trainers die, the first partial checkpoint is saved ever sooner, so that the round gets on
 * between two deaths.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ActivityCancellationDetails, ApplicationFailure } from '@temporalio/common';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';
import type { Score } from '../../workflows/algorithm/curve.ts';
import { evaluatorName, memberName } from '../../workflows/population/names.ts';
import { attempted, type Attempt } from './attempts.ts';
import { ObjectStoreError, type ObjectStore } from '../storage/object-store.ts';
import type { CheckpointReference } from '../contracts/checkpoint.ts';
import { decodeSafetensors, encodeSafetensors } from '../storage/safetensors.ts';
import { CheckpointStore, CHECKPOINT_CORRUPT } from '../storage/checkpoints.ts';
import { Partials } from './partials.ts';
import { report } from './report.ts';
import { taskHyperparameters } from '../tasks/hyperparameters.ts';
import type { Session, State, Task } from '../tasks/task.ts';
import { DATA_DIRECTORY, taskOf } from '../tasks/tasks.ts';
import type { TrainingActivities, TrainOutcome, TrainRequest, WorkerName } from '../contracts/training.ts';
import { asTask, trainingFailure, workerShutdown } from './failures.ts';

export { processShouldRecycle } from '../tasks/tensorflow/library.ts';

export interface TrainingDependencies {
  readonly objects: ObjectStore;
  /** Threads that this process computes with; requests for another number are refused. */
  readonly threads: number;
  /** Default: a store of its own over `objects`. */
  readonly checkpoints?: Pick<CheckpointStore, 'get' | 'put' | 'delete'>;
  /** Folder with one folder a data set; default: where set-up puts them. */
  readonly dataDirectory?: string;
  /** Milliseconds of training after which a partial checkpoint is saved; default: a minute. */
  readonly partialEveryMs?: number;
  /** Makes tasks; default: those of tasks/. */
  readonly tasks?: typeof taskOf;
}

/** What a heartbeat tells, to people and to the next attempt. */
export interface TrainProgress {
  readonly worker: string;
  readonly step: number;
  readonly toStep: number;
  /** Newest measurement of this round. */
  readonly score: Score | null;
  readonly stepsPerSecond: number;
  readonly attempt: Attempt;
  readonly partial: PartialCheckpoint | null;
}

export interface PartialCheckpoint {
  readonly checkpoint: CheckpointReference;
  /** Those measured so far. */
  readonly scores: readonly Score[];
  /** SHA-256 of the request: a partial checkpoint of another is none. */
  readonly requestSha256: string;
  /** Keys of older ones that are still stored, oldest first; absent from what was saved before it was told. */
  readonly superseded?: readonly string[];
}

/** A round under way: what changes while it is trained. */
interface Round {
  readonly request: TrainRequest;
  readonly worker: string;
  /** Those asked, with the task's defaults. */
  readonly hyperparameters: HyperparameterValues;
  scores: Score[];
  step: number;
  trainedSteps: number;
  trainingMs: number;
  partial: PartialCheckpoint | null;
}

const PARTIAL_EVERY_MS = 60_000;
/**
 * How many times sooner the first partial checkpoint is saved after each death; those after it come ever later, up to
 * the usual time.
 */
const SOONER_AFTER_DEATH = 4;
/** One uninterrupted stretch of steps: short beside a heartbeat, long beside what a call costs. */
const STRETCH_MS = 50;

/** Returns the activities of a trainer. */
export function createTrainingActivities(dependencies: TrainingDependencies): TrainingActivities {
  const {
    objects,
    threads,
    checkpoints = new CheckpointStore(objects),
    dataDirectory = DATA_DIRECTORY,
    partialEveryMs = PARTIAL_EVERY_MS,
    tasks = taskOf,
  } = dependencies;
  const taskFor = (request: Pick<TrainRequest, 'task' | 'threads'>): Task => {
    if (request.threads !== threads) {
      const advice = `start trainers with \`--threads ${request.threads}\`, or set \`threads\` to ${threads} in the specification`;
      throw trainingFailure(
        'ThreadCountMismatch',
        `Cannot train with ${request.threads} threads: this trainer computes with ${threads}; ${advice}`,
      );
    }
    return tasks(request.task, { dataDirectory });
  };
  return {
    train: (request) => train(request, taskFor(request), checkpoints, partialEveryMs),
    report: (request) => report(request, taskFor(request), checkpoints, objects),
  };
}

async function train(
  request: TrainRequest,
  task: Task,
  checkpoints: Pick<CheckpointStore, 'get' | 'put' | 'delete'>,
  partialEveryMs: number,
): Promise<TrainOutcome> {
  const started = performance.now();
  const round = roundOf(request);
  const { worker, hyperparameters } = round;
  const partials = partialsOf(round, checkpoints);
  return attempted(
    {
      doing: `train ${worker} from step ${round.step}`,
      beginsAtStep: round.step,
      tell: (attempt) => progressOf(round, attempt),
    },
    async (heartbeat, { deaths }) => {
      const session = await asTask(`open ${worker}'s session`, () =>
        task.open({ seed: request.seed, worker, hyperparameters }),
      );
      try {
        const put = async (partOfRoundTo?: number): Promise<CheckpointReference> => {
          const state = await asTask(`save ${worker} at step ${round.step}`, () => session.save());
          return checkpoints.put(request.storage, encode(task, state, round.step), round.step, partOfRoundTo);
        };
        await begin(round, session, checkpoints);
        const inEffect = await verifyInEffect(round, session);
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
        return { checkpoint, scores: round.scores, inEffect, trainerSeconds: (performance.now() - started) / 1000 };
      } finally {
        session.dispose();
      }
    },
  );
}

/** Returns the round as an earlier attempt left it, or at its beginning. */
function roundOf(request: TrainRequest): Round {
  const partial = partialOf(Context.current().info.heartbeatDetails, request) ?? null;
  return {
    request,
    worker: nameOf(request.worker),
    hyperparameters: completeHyperparameters(request),
    scores: [...(partial?.scores ?? [])],
    step: partial?.checkpoint.step ?? request.fromStep,
    trainedSteps: 0,
    trainingMs: 0,
    partial,
  };
}

/** Returns the round's partial checkpoints as earlier attempts left them. */
function partialsOf({ request, partial }: Round, checkpoints: Pick<CheckpointStore, 'delete'>): Partials {
  // Without a timeout nothing says when a heartbeat must have arrived.
  const { heartbeatTimeoutMs = Infinity } = Context.current().info;
  return new Partials(
    checkpoints,
    request.storage,
    partial ? [...(partial.superseded ?? []), partial.checkpoint.key] : [],
    heartbeatTimeoutMs,
  );
}

/** Brings the session to where training goes on: after what an earlier attempt saved, or at the round's beginning. */
async function begin(round: Round, session: Session, checkpoints: Pick<CheckpointStore, 'get'>): Promise<void> {
  const { request, worker, partial } = round;
  if (partial) {
    const bytes = await getPartial(checkpoints, request, partial.checkpoint);
    if (bytes) {
      await asTask(
        `continue ${worker} from its partial checkpoint ${partial.checkpoint.key}`,
        () => session.restore(decodeSafetensors(bytes).tensors),
        'CheckpointUnusable',
      );
      return;
    }
    round.partial = null;
    round.scores = [];
    round.step = request.fromStep;
  }
  if (request.checkpoint) {
    const { checkpoint, storage } = request;
    const bytes = await checkpoints.get(storage.bucket, checkpoint);
    await asTask(
      `continue ${worker} from checkpoint ${checkpoint.key}`,
      () => session.restore(decodeSafetensors(bytes).tensors),
      'CheckpointUnusable',
    );
  } else {
    await asTask(`initialise ${worker}`, () => session.initialise());
  }
  await asTask(`begin ${worker}'s round at step ${request.fromStep}`, () => session.beginRound?.());
}

/**
 * Trains and measures until the round is over or diverged, in stretches with turns of the event loop between them.
 * Yields after each stretch, and before the next where something interrupts the activity: a shutdown, a pause, a
 * cancellation.
 */
async function* stretches(round: Round, session: Session): AsyncGenerator<ActivityCancellationDetails | null> {
  const { request, worker, scores } = round;
  const { fromStep, toStep, evalEvery } = request;
  const context = Context.current();
  let stretch = 1;
  while (round.step < toStep) {
    await nextTurn();
    if (context.cancellationSignal.aborted)
      yield context.cancellationDetails ?? new ActivityCancellationDetails({ cancelRequested: true });
    const measuredAt = fromStep + (scores.length + 1) * evalEvery;
    const { step } = round;
    const end = Math.min(step + stretch, measuredAt);
    const before = performance.now();
    await asTask(`train ${worker} at steps ${step} to ${end}`, () => session.train(step, end));
    const tookMs = performance.now() - before;
    round.step = end;
    round.trainedSteps += end - step;
    round.trainingMs += tookMs;
    stretch = Math.max(1, Math.min(2 * stretch, Math.floor((STRETCH_MS * round.trainedSteps) / round.trainingMs)));
    if (end === measuredAt) {
      const score = await asTask(`measure ${worker} at step ${end}`, () => session.measure());
      scores.push(typeof score === 'number' && Number.isFinite(score) ? score : 'diverged');
      if (scores.at(-1) === 'diverged') {
        while (scores.length < (toStep - fromStep) / evalEvery) scores.push('diverged');
        return;
      }
    }
    yield null;
  }
}

/** Returns the asked hyperparameters once the optimiser is seen to use exactly these, or their nearest float32. */
async function verifyInEffect(
  { hyperparameters, worker, step }: Round,
  session: Session,
): Promise<HyperparameterValues> {
  const inEffect = await asTask(`read ${worker}'s hyperparameters`, () => session.hyperparametersInEffect());
  for (const name of new Set([...Object.keys(hyperparameters), ...Object.keys(inEffect)])) {
    const asked = hyperparameters[name];
    const found = inEffect[name];
    if (found === asked || (typeof asked === 'number' && found === Math.fround(asked))) continue;
    throw trainingFailure(
      'HyperparametersNotInEffect',
      `Expected \`${name}\` of ${worker} to be ${asked} in the optimiser at step ${step}, got \`${found}\``,
    );
  }
  return hyperparameters;
}

/** Returns the asked hyperparameters with the task's defaults; fails where one is unknown, missing or out of range. */
function completeHyperparameters({ hyperparameters, task, worker }: TrainRequest): HyperparameterValues {
  const definitions = taskHyperparameters(task) ?? [];
  const invalid = (path: string, rule: string, value: unknown): ApplicationFailure =>
    trainingFailure(
      'InvalidHyperparameters',
      `Expected \`${path}\` of ${nameOf(worker)} to be ${rule}, got \`${String(value)}\``,
    );
  const names = definitions.map(({ name }) => name);
  const unknown = Object.keys(hyperparameters).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid('hyperparameters', `of ${names.join(', ')}`, unknown);
  return Object.fromEntries(
    definitions.map(({ name, default: otherwise, rule, allows }) => {
      const value = hyperparameters[name] ?? otherwise;
      if (typeof value !== 'number' || !Number.isFinite(value) || !allows(value))
        throw invalid(`hyperparameters.${name}`, rule, value);
      return [name, value];
    }),
  );
}

/** Returns what an earlier attempt at the same request saved, if it did. */
function partialOf(details: unknown, request: TrainRequest): PartialCheckpoint | undefined {
  const partial = (details as TrainProgress | undefined)?.partial;
  return partial?.requestSha256 === digestOf(request) ? partial : undefined;
}

/** A partial checkpoint that is gone or spoilt costs time, not the round. */
async function getPartial(
  checkpoints: Pick<CheckpointStore, 'get'>,
  { storage }: TrainRequest,
  reference: CheckpointReference,
): Promise<Uint8Array | undefined> {
  try {
    return await checkpoints.get(storage.bucket, reference);
  } catch (error) {
    if (error instanceof ObjectStoreError && error.trouble === 'missing-object') return undefined;
    if (error instanceof ApplicationFailure && error.type === CHECKPOINT_CORRUPT) return undefined;
    throw error;
  }
}

function progressOf(
  { request, worker, step, scores, trainedSteps, trainingMs, partial }: Round,
  attempt: Attempt,
): TrainProgress {
  const stepsPerSecond = trainingMs > 0 ? Math.round((1000 * trainedSteps) / trainingMs) : 0;
  return { worker, step, toStep: request.toStep, score: scores.at(-1) ?? null, stepsPerSecond, attempt, partial };
}

function encode(task: Task, state: State, step: number): Uint8Array {
  return encodeSafetensors(state, { format: 'fire-pbt-checkpoint/1', task: task.kind, step: String(step) });
}

function digestOf(request: TrainRequest): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

function nameOf({ subPopulation, kind, index }: WorkerName): string {
  switch (kind) {
    case 'member':
      return memberName(subPopulation, index);
    case 'evaluator':
      return evaluatorName(subPopulation, index);
    default:
      return kind satisfies never;
  }
}
