/**
 * What can be seen of a run from outside: how far each of its activities is, and what it waits for.
 */
import type { Client } from '@temporalio/client';
import { onTrainers, pendingActivities, type PendingActivity } from '../processes/pending-activities.ts';

export interface Sight {
  /** Changes whenever a trainer advances, or an activity begins or ends. Undefined if Temporal does not answer. */
  readonly position: string | undefined;
  readonly waitsFor: string;
}

/** Looks at a run and all its parts. */
export async function lookAt(client: Client, workflowId: string): Promise<Sight> {
  try {
    return sightOf(await pendingActivities(client, workflowId));
  } catch {
    return { position: undefined, waitsFor: 'Temporal did not answer' };
  }
}

/** Returns what the pending activities of a run show. */
export function sightOf(pending: readonly PendingActivity[]): Sight {
  // The watchdog is always pending.
  const work = pending.filter(({ activity }) => activity !== 'watchForInvalidResets');
  const position = work.map(({ id, told }) => `${id} ${told?.step} ${told?.doing}`).sort();
  return { position: position.join('; '), waitsFor: waitsFor(work) };
}

function waitsFor(work: readonly PendingActivity[]): string {
  const [first] = work;
  if (first === undefined) return 'no activity was pending: workflows waited for the orchestrator';
  if (work.every(({ backsOff }) => backsOff)) return `waiting to retry: ${first.failure}`;
  const training = onTrainers(work);
  if (training.length === 0) return `waiting for ${first.activity} on the orchestrator`;
  if (training.some(({ started }) => started)) return 'waiting for trainers that had begun, or were killed';
  return 'waiting for a trainer';
}
