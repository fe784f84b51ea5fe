/**
 * Checkpoints: immutable objects addressed by their content, verified on every read.
 *
 * Workflows carry only references (contracts/checkpoint.ts), so exploit copies a reference and moves no bytes.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { LruCache } from '../../workflows/algorithm/lru-cache.ts';
import type { ObjectDigest, ObjectStore } from './object-store.ts';
import { ifStored } from './store-errors.ts';
import type { CheckpointReference, RunFolder } from '../contracts/checkpoint.ts';
import { checkpointKey, partialKey } from './layout.ts';

/** What is wrong with an object that is not there. */
export const MISSING = 'it is missing';

/** Failure types of a checkpoint whose bytes are not what its reference says, and of one that is gone. */
export const CHECKPOINT_CORRUPT = 'CheckpointCorrupt';
export const CHECKPOINT_MISSING = 'CheckpointMissing';

const ADVICE =
  'Restore the object and resume the run, or reset its root to its first task: then the run goes back to the newest ' +
  'round whose checkpoints are whole';

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
   *   reference says; of type 'CheckpointMissing', not retryable, if there is no such object
   * @throws ObjectStoreError if the store cannot be read
   */
  async get(bucket: string, reference: CheckpointReference): Promise<Uint8Array> {
    const recent = this.#recent.get(reference.sha256);
    if (recent) return recent.slice();
    for (let read = 1; ; read++) {
      const bytes = await ifStored(this.#objects.get(bucket, reference.key));
      if (bytes !== undefined && damageOf(reference, measure(bytes)) === null) {
        this.#recent.set(reference.sha256, Uint8Array.from(bytes));
        return bytes;
      }
      if (read === READS)
        throw bytes === undefined
          ? unusable(CHECKPOINT_MISSING, bucket, reference, MISSING)
          : unusable(CHECKPOINT_CORRUPT, bucket, reference, String(damageOf(reference, measure(bytes))));
      await delay(REREAD_DELAY_MS);
    }
  }

  /** Returns what is wrong with a stored checkpoint, or null. Reads it without keeping it in memory. */
  async findDamage(bucket: string, reference: CheckpointReference): Promise<string | null> {
    for (let read = 1; ; read++) {
      const stored = await ifStored(this.#objects.digest(bucket, reference.key));
      const damage = stored === undefined ? MISSING : damageOf(reference, stored);
      if (damage === null || read === READS) return damage;
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

function measure(bytes: Uint8Array): ObjectDigest {
  return { sha256: digestOf(bytes), sizeBytes: bytes.byteLength };
}

/** Returns how stored bytes differ from what the reference says, or null. */
function damageOf(reference: CheckpointReference, stored: ObjectDigest): string | null {
  const text = ({ sizeBytes, sha256 }: ObjectDigest): string => `${sizeBytes} bytes with SHA-256 ${sha256}`;
  return text(reference) === text(stored) ? null : `expected ${text(reference)}, got ${text(stored)}`;
}

function unusable(type: string, bucket: string, { key }: CheckpointReference, reason: string): ApplicationFailure {
  const message = `Cannot use checkpoint s3://${bucket}/${key}: ${reason}. ${ADVICE}`;
  return ApplicationFailure.create({ type, nonRetryable: true, message });
}
