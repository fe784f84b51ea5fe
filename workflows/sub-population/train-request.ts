/**
 * The request to a trainer for one round.
 */
import type { TrainRequest } from '../../activities/contracts/training.ts';
import type { Run } from '../run/activities.ts';

/** Returns the request for one round of a worker, which continues from `checkpoint` (null: initialise). */
export function trainRequest(
  { specification, storage }: Run,
  round: number,
  worker: TrainRequest['worker'],
  { checkpoint, hyperparameters }: Pick<TrainRequest, 'checkpoint' | 'hyperparameters'>,
): TrainRequest {
  const { task, seed, threads, evalEvery, stepsPerRound } = specification;
  const fromStep = (round - 1) * stepsPerRound;
  const toStep = fromStep + stepsPerRound;
  return { storage, task, seed, threads, worker, checkpoint, fromStep, toStep, evalEvery, hyperparameters };
}
