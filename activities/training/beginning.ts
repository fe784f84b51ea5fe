/**
 * The beginning of an attempt: a session as an earlier attempt left it, or as the round begins.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { Score } from '../../workflows/algorithm/curve.ts';
import type { CheckpointReference } from '../contracts/checkpoint.ts';
import type { TrainRequest } from '../contracts/training.ts';
import { CHECKPOINT_CORRUPT, CHECKPOINT_MISSING, type CheckpointStore } from '../storage/checkpoints.ts';
import { decodeSafetensors } from '../storage/safetensors.ts';
import type { Session } from '../tasks/task.ts';
import type { PartialCheckpoint, TrainOrder } from './computer.ts';
import { asTask } from './failures.ts';

/** Failure types of a checkpoint that cannot be had back. */
const LOST: ReadonlySet<unknown> = new Set([CHECKPOINT_CORRUPT, CHECKPOINT_MISSING]);

/** Where an attempt begins. */
export interface Beginning {
  readonly step: number;
  readonly scores: readonly Score[];
  /** Null if the round begins afresh, although an earlier attempt saved. */
  readonly partial: PartialCheckpoint | null;
}

/** Prepares the session: from what an earlier attempt saved, or for the beginning of the round. */
export async function begin(
  { request, worker, partial }: TrainOrder,
  session: Session,
  checkpoints: Pick<CheckpointStore, 'get'>,
): Promise<Beginning> {
  const fromStep = partial?.checkpoint.step ?? request.fromStep;
  await asTask(`expect ${worker}'s steps from ${fromStep}`, () => session.expect?.(fromStep, request.toStep));
  if (partial) {
    const bytes = await getPartial(checkpoints, request, partial.checkpoint);
    if (bytes) {
      await asTask(
        `continue ${worker} from its partial checkpoint ${partial.checkpoint.key}`,
        () => session.restore(decodeSafetensors(bytes).tensors),
        'CheckpointUnusable',
      );
      return { step: partial.checkpoint.step, scores: partial.scores, partial };
    }
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
  return { step: request.fromStep, scores: [], partial: null };
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
    if (error instanceof ApplicationFailure && LOST.has(error.type)) return undefined;
    throw error;
  }
}
