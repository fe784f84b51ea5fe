/**
 * A report: one checkpoint measured on data that no decision has seen, and exported for others to use.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReportOutcome, ReportRequest } from '../contracts/training.ts';
import type { CheckpointStore } from '../storage/checkpoints.ts';
import { resultFileKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { decodeSafetensors, encodeSafetensors } from '../storage/safetensors.ts';
import { disposeOf } from '../tasks/disposal.ts';
import { scoresOf } from '../tasks/score.ts';
import type { ExportedFile, Task } from '../tasks/task.ts';
import type { Interrupted, Observer } from './computer.ts';
import { asTask } from './failures.ts';
import { Teller } from './teller.ts';

/**
 * Writes `result/best.safetensors` and the task's exports beside it; the same request writes the same bytes. The header
 * of the weights has the task's `description.json` too, so that they can be used without the other files.
 */
export async function report(
  request: ReportRequest,
  { task, dataDirectory }: { readonly task: Task; readonly dataDirectory: string },
  checkpoints: Pick<CheckpointStore, 'get'>,
  objects: Pick<ObjectStore, 'put'>,
  observer: Observer,
): Promise<ReportOutcome | Interrupted> {
  const { storage, seed, checkpoint, hyperparameters } = request;
  const doing = `report on checkpoint ${checkpoint.key}`;
  const teller = new Teller(observer, null, checkpoint.step);
  try {
    teller.begins('opening', null);
    const bytes = await checkpoints.get(storage.bucket, checkpoint);
    const session = await asTask('open a session to report from', () =>
      task.open({ seed, worker: 'report', hyperparameters, dataDirectory, progressed: teller.advanced }),
    );
    try {
      await asTask(doing, () => session.restore(decodeSafetensors(bytes).tensors), 'CheckpointUnusable');
      teller.begins('reporting', null);
      const reported = await asTask(doing, () => session.report());
      await nextTurn();
      if (observer.interruption.aborted) return { interrupted: true };
      teller.begins('storing', null);
      const { weights, exports } = reported;
      const best = encodeSafetensors(weights, {
        format: 'fire-pbt-weights/1',
        task: task.kind,
        step: String(checkpoint.step),
        ...descriptionOf(exports),
      });
      const files = [{ name: 'best.safetensors', bytes: best, contentType: 'application/octet-stream' }, ...exports];
      const keys: string[] = [];
      for (const { name, bytes: content, contentType } of files) {
        const key = resultFileKey(storage, name);
        await objects.put(storage.bucket, key, content, contentType);
        keys.push(key);
      }
      return { ...scoresOf(reported), files: keys };
    } finally {
      await disposeOf('the session of the report', [session]);
    }
  } finally {
    teller.end();
  }
}

/** Returns the description of the network, as one line of JSON; nothing if the task exports none that is JSON. */
function descriptionOf(exports: readonly ExportedFile[]): { readonly description?: string } {
  const file = exports.find(({ name }) => name === 'description.json');
  if (file === undefined) return {};
  try {
    return { description: JSON.stringify(JSON.parse(new TextDecoder().decode(file.bytes))) };
  } catch {
    // A task of a user may export what it likes.
    return {};
  }
}
