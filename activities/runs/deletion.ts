/**
 * Deletion of a run's objects. It first says which and how many there are.
 */
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { WORKFLOW_TYPES } from '../../workflows/population/names.ts';
import type { ObjectStore, StoredObject } from '../storage/object-store.ts';
import { ObjectStoreError } from '../storage/store-errors.ts';
import type { Deletion, DeletionRequest, FolderSize } from '../contracts/run.ts';
import { found } from '../operations/executions.ts';
import { DEFAULT_BUCKET, keyPrefix, runFolder, RUN_FOLDER } from '../storage/layout.ts';
import { parse } from '../../workflows/validation/complaints.ts';
import { bucketName, flag, object } from '../../workflows/validation/fields.ts';

/** Failure types: the request is invalid, the run is running. */
export const INVALID_DELETION = 'InvalidDeletion';
export const RUN_IS_RUNNING = 'RunIsRunning';

const FOLDER_RULE = "a run's folder, `<workflow id>/<first run id>`, as its result and its progress query tell it";

const deletionRequest = object(
  {
    run: z.string({ error: FOLDER_RULE }).regex(RUN_FOLDER, { error: FOLDER_RULE }).describe("The run's folder."),
    bucket: bucketName.describe('Bucket of the run. Default: fire-pbt.').default(DEFAULT_BUCKET),
    confirm: flag('Whether to delete; otherwise the answer says what is there. Default: false.').default(false),
  },
  'What to delete.',
);

/** Objects that one request deletes. After a crash the next attempt finds the rest. */
const DELETE_BATCH = 1000;

/**
 * Returns what is in the run's folder, and with `confirm` deletes it.
 *
 * @throws ApplicationFailure, not retryable, if the request is invalid ('InvalidDeletion') or the run is running
 *   ('RunIsRunning')
 */
export async function deleteRun(
  objects: Pick<ObjectStore, 'list' | 'delete'>,
  client: Client,
  request: DeletionRequest,
): Promise<Deletion> {
  const { run, bucket, confirm } = validated(request);
  const prefix = keyPrefix({ folder: run });
  const stored = await objects.list(bucket, prefix).catch((error: unknown) => {
    if (error instanceof ObjectStoreError && error.trouble === 'missing-bucket') return [];
    throw error;
  });
  const total = { run, bucket, ...sizeOf(stored), folders: foldersOf(stored, prefix) };
  if (stored.length === 0)
    return { ...total, deleted: false, next: `Nothing: there is no object under s3://${bucket}/${prefix}` };
  if (!confirm)
    return { ...total, deleted: false, next: `To delete them for good, give the same input with "confirm": true` };

  const running = await findRunning(client, run);
  if (running !== undefined) {
    const message =
      `Cannot delete s3://${bucket}/${prefix}: workflow ${running} is running. ` + 'Stop, cancel or terminate it first';
    throw ApplicationFailure.create({ type: RUN_IS_RUNNING, nonRetryable: true, message });
  }
  for (let from = 0; from < stored.length; from += DELETE_BATCH) {
    await objects.delete(
      bucket,
      stored.slice(from, from + DELETE_BATCH).map(({ key }) => key),
    );
  }
  return { ...total, deleted: true, next: 'Done. Its histories stay in Temporal until the namespace forgets them' };
}

/** Returns the id of the running workflow that the folder belongs to. */
async function findRunning(client: Client, folder: string): Promise<string | undefined> {
  for await (const { workflowId } of client.workflow.list({
    query: `WorkflowType IN (${Object.values(WORKFLOW_TYPES)
      .map((type) => `"${type}"`)
      .join(', ')}) AND ExecutionStatus = "Running"`,
  })) {
    const description = await found(client.workflow.getHandle(workflowId).describe());
    const firstRunId = description?.raw.workflowExecutionInfo?.firstRunId || description?.runId;
    if (
      description?.status.name === 'RUNNING' &&
      firstRunId !== undefined &&
      runFolder(workflowId, firstRunId) === folder
    )
      return workflowId;
  }
  return undefined;
}

function validated(request: unknown): Required<DeletionRequest> {
  const parsed = parse(deletionRequest, request, 'request');
  if (!('complaints' in parsed)) return parsed.value;
  const { complaints } = parsed;
  throw ApplicationFailure.create({
    type: INVALID_DELETION,
    nonRetryable: true,
    message: complaints.join('\n'),
    details: [complaints],
  });
}

/** Returns sizes by first folder in the run's folder (checkpoints, decisions, …), and of other objects by name. */
function foldersOf(stored: readonly StoredObject[], prefix: string): Readonly<Record<string, FolderSize>> {
  const names = [...new Set(stored.map(({ key }) => folderOf(key, prefix)))].sort();
  return Object.fromEntries(
    names.map((name) => [name, sizeOf(stored.filter(({ key }) => folderOf(key, prefix) === name))]),
  );
}

function folderOf(key: string, prefix: string): string {
  return key.slice(prefix.length).split('/')[0] ?? '';
}

function sizeOf(stored: readonly StoredObject[]): FolderSize {
  return { objects: stored.length, sizeBytes: stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}
