/**
 * Writes histories to files: JSON in the format of `temporal workflow show --output json`, with one event per line.
 * They contain the inputs and messages of the workflows, such as the specification and checkpoint references, but no
 * credentials.
 */
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { Client } from '@temporalio/client';
import type { ObjectStore } from '../storage/object-store.ts';
import { historyKey } from '../storage/layout.ts';
import { executionsOfRun } from './executions.ts';
import type { Execution, RunExecution } from './executions.ts';
import type { RunActivities } from '../contracts/run.ts';

type Exporting = RunActivities['exportHistories'];

/**
 * Writes the histories of a run, of all generations of its root, to `histories/` beside its results. The root is still
 * running, so its history ends with its newest event. Another export replaces it.
 */
export async function exportHistories(
  objects: ObjectStore,
  client: Client,
  { storage, workflowId }: Parameters<Exporting>[0],
): ReturnType<Exporting> {
  const total = { histories: 0, sizeBytes: 0, forgotten: 0 };
  for await (const batch of executionsOfRun(client, workflowId)) {
    const sizes = await Promise.all(batch.map((execution) => put(execution)));
    for (const sizeBytes of sizes) {
      if (sizeBytes === undefined) total.forgotten += 1;
      else {
        total.histories += 1;
        total.sizeBytes += sizeBytes;
      }
    }
  }
  return total;

  async function put(execution: RunExecution): Promise<number | undefined> {
    if (execution.state === 'forgotten') return undefined;
    const bytes = Buffer.from(historyText(execution.history));
    await objects.put(
      storage.bucket,
      historyKey(storage, historyFile(workflowId, execution)),
      bytes,
      'application/json',
    );
    return bytes.length;
  }
}

/** Returns the file name of an execution: `P2.evaluator-3.<run id>.json`, or `root.<run id>.json`. */
export function historyFile(rootWorkflowId: string, { workflowId, runId }: Execution): string {
  const name =
    workflowId === rootWorkflowId
      ? 'root'
      : workflowId.startsWith(`${rootWorkflowId}/`)
        ? workflowId.slice(rootWorkflowId.length + 1)
        : workflowId;
  return `${name.replaceAll(/[^\w-]+/g, '.')}.${runId}.json`;
}

/** Returns a history as JSON text. */
export function historyText(history: History): string {
  const { events } = JSON.parse(historyToJSON(history)) as { readonly events: readonly unknown[] };
  return `{"events": [\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}
