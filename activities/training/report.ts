/**
 * The report activity: measures one checkpoint on data that no decision has seen, and exports it for others to use.
 */
import { attempted } from './attempts.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { resultFileKey } from '../storage/layout.ts';
import { decodeSafetensors, encodeSafetensors } from '../storage/safetensors.ts';
import type { CheckpointStore } from '../storage/checkpoints.ts';
import type { Task } from '../tasks/task.ts';
import type { ReportOutcome, ReportRequest } from '../contracts/training.ts';
import { asTask } from './failures.ts';

/**
 * Writes `result/best.safetensors` and the task's exports beside it; the same request writes the same bytes.
 */
export async function report(
  request: ReportRequest,
  { task, dataDirectory }: { readonly task: Task; readonly dataDirectory: string },
  checkpoints: Pick<CheckpointStore, 'get'>,
  objects: Pick<ObjectStore, 'put'>,
): Promise<ReportOutcome> {
  const { storage, seed, checkpoint } = request;
  const doing = `report on checkpoint ${checkpoint.key}`;
  return attempted(
    { doing, beginsAtStep: checkpoint.step, describe: (attempt) => ({ checkpoint: checkpoint.key, attempt }) },
    async () => {
      const bytes = await checkpoints.get(storage.bucket, checkpoint);
      const session = await asTask('open a session to report from', () =>
        task.open({ seed, worker: 'report', hyperparameters: {}, dataDirectory }),
      );
      try {
        await asTask(doing, () => session.restore(decodeSafetensors(bytes).tensors), 'CheckpointUnusable');
        const { testScore, untouchedScore, weights, exports } = await asTask(doing, () => session.report());
        const best = encodeSafetensors(weights, {
          format: 'fire-pbt-weights/1',
          task: task.kind,
          step: String(checkpoint.step),
        });
        const files = [{ name: 'best.safetensors', bytes: best, contentType: 'application/octet-stream' }, ...exports];
        const keys: string[] = [];
        for (const { name, bytes: content, contentType } of files) {
          const key = resultFileKey(storage, name);
          await objects.put(storage.bucket, key, content, contentType);
          keys.push(key);
        }
        return { testScore, ...(untouchedScore === undefined ? {} : { untouchedScore }), files: keys };
      } finally {
        await session.dispose();
      }
    },
  );
}
