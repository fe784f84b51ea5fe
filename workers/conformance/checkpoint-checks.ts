/** Checks of checkpoints that are not what they should be. */
import { createHash } from 'node:crypto';
import type { CheckpointReference } from '../../activities/contracts/checkpoint.ts';
import { checkpointKey } from '../../activities/storage/layout.ts';
import { encodeSafetensors } from '../../activities/storage/safetensors.ts';
import type { Check, Subject } from './subject.ts';
import { requireRefusal } from './subject.ts';

const MISSING = ['CheckpointMissing'];
const CORRUPT = ['CheckpointCorrupt'];
const UNUSABLE = ['CheckpointUnusable'];

export const CHECKPOINT_CHECKS: readonly Check[] = [
  {
    title: 'refuses a checkpoint that is missing',
    run: async (subject) => {
      const { checkpoint } = await subject.first();
      const sha256 = digestOf(Buffer.from('no such checkpoint'));
      const missing = { ...checkpoint, sha256, key: checkpointKey(subject.options.storage, sha256) };
      await requireRefusedFrom(subject, missing, 'a checkpoint that is missing', MISSING);
    },
  },
  {
    title: 'refuses a checkpoint whose bytes were changed',
    run: async (subject) => {
      const { checkpoint } = await subject.first();
      const bytes = Uint8Array.from(await bytesOf(subject, checkpoint));
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      // The reference is that of the bytes before: a digest of its own, which no cache of the trainer knows.
      const stated = { ...checkpoint, sha256: digestOf(bytes.map((byte) => byte ^ 0xff)) };
      const changed = { ...stated, key: checkpointKey(subject.options.storage, stated.sha256) };
      await put(subject, changed, bytes);
      await requireRefusedFrom(subject, changed, 'a checkpoint with a changed bit', CORRUPT);
    },
  },
  {
    title: 'refuses a checkpoint that is cut short',
    run: async (subject) => {
      const { checkpoint } = await subject.first();
      const bytes = await bytesOf(subject, checkpoint);
      const sha256 = digestOf(Buffer.concat([bytes, Buffer.from('more')]));
      const cut = { ...checkpoint, sha256, key: checkpointKey(subject.options.storage, sha256) };
      await put(subject, cut, bytes.slice(0, -1));
      await requireRefusedFrom(subject, cut, 'a checkpoint that is cut short', CORRUPT);
    },
  },
  {
    title: 'refuses a checkpoint of something else',
    run: async (subject) => {
      const data = new Uint8Array(new Float32Array([1, 2, 3]).buffer);
      const tensor = { dtype: 'F32', shape: [3], data } as const;
      const bytes = encodeSafetensors(new Map([['something-else', tensor]]), { format: 'something-else' });
      const sha256 = digestOf(bytes);
      const { steps, storage } = subject.options;
      const foreign = { key: checkpointKey(storage, sha256), sha256, sizeBytes: bytes.byteLength, step: steps };
      await put(subject, foreign, bytes);
      await requireRefusedFrom(subject, foreign, 'a checkpoint of something else', UNUSABLE);
    },
  },
];

async function requireRefusedFrom(
  subject: Subject,
  checkpoint: CheckpointReference,
  what: string,
  types: readonly string[],
): Promise<void> {
  const { steps } = subject.options;
  const request = subject.request({ checkpoint, fromStep: steps, toStep: 2 * steps });
  requireRefusal(await (await subject.begin(request)).answer(), what, types);
}

async function bytesOf({ options }: Subject, { key }: CheckpointReference): Promise<Uint8Array> {
  return options.objects.get(options.storage.bucket, key);
}

async function put({ options }: Subject, { key }: CheckpointReference, bytes: Uint8Array): Promise<void> {
  await options.objects.put(options.storage.bucket, key, bytes);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
