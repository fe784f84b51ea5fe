/**
 * Where a run shows itself: the current details, the search attributes, the log.
 */
import { log, setCurrentDetails } from '@temporalio/workflow';
import type { RunProgress } from '../../activities/contracts/messages.ts';
import { describeRun } from './details.ts';
import { searchAttributePublisher } from './search-attributes.ts';

/** What a view calls when it changes. */
export interface Publication {
  readonly show: (progress: RunProgress) => void;
  readonly warn: (message: string) => void;
}

/** Returns the publication of the workflow that calls this, the root of a run. */
export function publishInTemporal(workflowId: string): Publication {
  const publishAttributes = searchAttributePublisher();
  return {
    show: (progress) => {
      setCurrentDetails(describeRun(workflowId, progress));
      publishAttributes(progress);
    },
    warn: (message) => log.warn(message),
  };
}
