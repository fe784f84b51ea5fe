/**
 * A workflow of one training activity, whose retries, unless the failure says otherwise, come too late for a test.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { TrainingActivities, TrainOutcome, TrainRequest } from '../../../activities/contracts/training.ts';

const { train } = proxyActivities<TrainingActivities>({
  startToCloseTimeout: '1m',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '10 minutes' },
});

export async function trainOneRound(request: TrainRequest): Promise<TrainOutcome> {
  return train(request);
}
