/**
 * Signals that people send to a part of a run instead of its root. They have no effect. The root shows them, because
 * nobody looks for them at the part.
 */
import { getExternalWorkflowHandle, log, setDefaultSignalHandler } from '@temporalio/workflow';
import type { MessageKey } from '../../activities/contracts/messages.ts';
import { ignoredSignal } from '../messages.ts';
import type { Run } from '../run/activities.ts';
import { unlessEnded } from '../run/delivery.ts';

/** Names of signals that one execution notifies the root of, at most: the root's history must stay short. */
const MOST_REPORTED = 10;

/** Ignores all signals without a handler, and notifies the root of each name once. */
export function ignoreStraySignals({ workflowId }: Run, key: () => MessageKey): void {
  const reported: string[] = [];
  setDefaultSignalHandler(async (signalName) => {
    log.warn(`Ignored signal ${signalName}: the parts of a run are steered through its root`);
    if (reported.includes(signalName) || reported.length >= MOST_REPORTED) return;
    reported.push(signalName);
    const root = getExternalWorkflowHandle(workflowId);
    await unlessEnded(workflowId, root.signal(ignoredSignal, { ...key(), signal: signalName }));
  });
}
