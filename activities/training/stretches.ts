/**
 * The stretches of a round: some steps at a time, so that heartbeats and interruptions get through.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ActivityCancellationDetails, ApplicationFailure } from '@temporalio/common';
import type { CheckpointReference } from '../contracts/checkpoint.ts';
import type { TrainRequest } from '../contracts/training.ts';
import { CHECKPOINT_CORRUPT, type CheckpointStore } from '../storage/checkpoints.ts';
import { ObjectStoreError } from '../storage/object-store.ts';
import { decodeSafetensors } from '../storage/safetensors.ts';
import type { Session } from '../tasks/task.ts';
import { asTask } from './failures.ts';
import type { Round } from './round.ts';

/** One uninterrupted stretch of steps: short beside a heartbeat, long beside what a call costs. */
const STRETCH_MS = 50;

/** Prepares the session: from what an earlier attempt saved, or for the beginning of the round. */
export async function begin(round: Round, session: Session, checkpoints: Pick<CheckpointStore, 'get'>): Promise<void> {
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
 * Yields after each stretch, and before the next if something interrupts the activity: a shutdown, a pause, a
 * cancellation.
 */
export async function* stretches(round: Round, session: Session): AsyncGenerator<ActivityCancellationDetails | null> {
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

/** Returns the bytes of a partial checkpoint; undefined if it is gone or corrupt, which costs time, not the round. */
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
