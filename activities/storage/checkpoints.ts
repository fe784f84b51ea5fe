/**
 * Checkpoints: immutable objects addressed by their content, verified on every read.
 *
 * Workflows carry only references (contracts/checkpoint.ts), so exploit copies a reference and moves no bytes.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { LruCache } from '../../workflows/algorithm/lru-cache.ts';
import type { ObjectStore } from './object-store.ts';
import type { CheckpointReference, RunFolder } from '../contracts/checkpoint.ts';
import { checkpointKey, partialKey } from './layout.ts';

/** Failure type of a checkpoint whose bytes are not what its reference says. */
export const CHECKPOINT_CORRUPT = 'CheckpointCorrupt';

/** Enough for a round of many small networks; large ones are read again, which costs little beside a round. */
const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;
/** Reads before a checkpoint is called corrupt: a proxy or a server in trouble may return half an object once. */
const READS = 3;
const REREAD_DELAY_MS = 300;

/** Checkpoints of runs in an object store, with the newest ones of this process in memory. */
export class CheckpointStore {
  readonly #objects: ObjectStore;
  /** By digest. Nobody else has these arrays, so that no caller can change another's bytes. */
  readonly #recent: LruCache<string, Uint8Array>;

  /** `cacheBytes` bounds what is kept in memory; 0 keeps nothing. */
  constructor(objects: ObjectStore, cacheBytes: number = DEFAULT_CACHE_BYTES) {
    this.#objects = objects;
    this.#recent = new LruCache(cacheBytes, ({ byteLength }) => byteLength);
  }

  /**
   * Stores a checkpoint under its digest and returns its reference. Storing the same bytes again gives the same
   * reference. A partial checkpoint, of a round that ends at step `partOfRoundTo`, is in a folder of its own, and is
   * deleted after that round.
   */
  async put(
    location: RunFolder,
    bytes: Uint8Array,
    step: number,
    partOfRoundTo?: number,
  ): Promise<CheckpointReference> {
    const sha256 = digestOf(bytes);
    const key =
      partOfRoundTo === undefined ? checkpointKey(location, sha256) : partialKey(location, partOfRoundTo, sha256);
    const reference = { key, sha256, sizeBytes: bytes.byteLength, step };
    if (!(await this.#isStored(location.bucket, reference)))
      await this.#objects.put(location.bucket, reference.key, bytes);
    this.#recent.set(sha256, Uint8Array.from(bytes));
    return reference;
  }

  /**
   * Returns a checkpoint's bytes, a copy of the caller's own.
   *
   * @throws ApplicationFailure of type 'CheckpointCorrupt', not retryable, if the stored bytes are not what the
   *   reference says
   * @throws ObjectStoreError if the store cannot be read or has no such object
   */
  async get(bucket: string, reference: CheckpointReference): Promise<Uint8Array> {
    const recent = this.#recent.get(reference.sha256);
    if (recent) return recent.slice();
    for (let read = 1; ; read++) {
      const bytes = await this.#objects.get(bucket, reference.key);
      const found = digestOf(bytes);
      if (found === reference.sha256 && bytes.byteLength === reference.sizeBytes) {
        this.#recent.set(found, Uint8Array.from(bytes));
        return bytes;
      }
      if (read === READS) throw corrupt(bucket, reference, bytes.byteLength, found);
      await delay(REREAD_DELAY_MS);
    }
  }

  /** Deletes the checkpoints under these keys. A missing one is no error. */
  async delete(bucket: string, keys: readonly string[]): Promise<void> {
    await this.#objects.delete(bucket, keys);
  }

  /**
   * Whether the checkpoint is stored completely: a crash may have left half an object. A complete one is not written
   * again, because an activity may be reading it.
   */
  async #isStored(bucket: string, { key, sha256, sizeBytes }: CheckpointReference): Promise<boolean> {
    if ((await this.#objects.sizeBytes(bucket, key)) !== sizeBytes) return false;
    return digestOf(await this.#objects.get(bucket, key)) === sha256;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function corrupt(bucket: string, reference: CheckpointReference, sizeBytes: number, found: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: CHECKPOINT_CORRUPT,
    nonRetryable: true,
    message:
      `Cannot use checkpoint s3://${bucket}/${reference.key}: expected ${reference.sizeBytes} bytes with SHA-256 ` +
      `${reference.sha256}, got ${sizeBytes} bytes with SHA-256 ${found}`,
  });
}
