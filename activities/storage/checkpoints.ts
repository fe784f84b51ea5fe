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

/** Enough for a round of many small networks. */
const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;
/** Reads before a checkpoint is called corrupt: a proxy or a server in trouble may return half an object once. */
const READS = 3;
const REREAD_DELAY_MS = 300;

/** Checkpoints of runs in an object store, with the newest ones of this process in memory. */
export class CheckpointStore {
  readonly #objects: ObjectStore;
  /** By digest. Nobody else has these arrays, so that no caller can change another's bytes. */
  readonly #recent: LruCache<string, Uint8Array>;
  readonly #cacheBytes: number;
  /**
   * The checkpoint of the round that ended last, if it is too large for the cache: the next round may begin with it.
   * Whoever gets it gets the only copy. It goes when another one is asked for.
   */
  #large: { readonly sha256: string; readonly bytes: Uint8Array } | undefined;

  /** `cacheBytes` bounds what is kept in memory beside one large checkpoint; 0 keeps nothing. */
  constructor(objects: ObjectStore, cacheBytes: number = DEFAULT_CACHE_BYTES) {
    this.#objects = objects;
    this.#cacheBytes = cacheBytes;
    this.#recent = new LruCache(cacheBytes, ({ byteLength }) => byteLength);
  }

  /**
   * Stores a checkpoint under its digest and returns its reference. The array belongs to the store from then on.
   * Storing the same bytes again gives the same reference. A partial checkpoint, of a round that ends at step
   * `partOfRoundTo`, is in a folder of its own, and is deleted after that round.
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
    if (bytes.byteLength <= this.#cacheBytes) this.#recent.set(sha256, bytes);
    else if (this.#cacheBytes > 0 && partOfRoundTo === undefined) this.#large = { sha256, bytes };
    return reference;
  }

  /**
   * Returns a checkpoint's bytes, the caller's own.
   *
   * @throws ApplicationFailure of type 'CheckpointCorrupt', not retryable, if the stored bytes are not what the
   *   reference says; of type 'CheckpointMissing', not retryable, if there is no such object
   * @throws ObjectStoreError if the store cannot be read
   */
  async get(bucket: string, reference: CheckpointReference): Promise<Uint8Array> {
    const recent = this.#recent.get(reference.sha256);
    if (recent) return recent.slice();
    const large = this.#large;
    if (large) {
      this.#large = undefined;
      if (large.sha256 === reference.sha256) return large.bytes;
    }
    for (let read = 1; ; read++) {
      const { sizeBytes, key } = reference;
      const stored = await ifStored(this.#objects.getMeasured(bucket, key, sizeBytes));
      const damage = stored && damageOf(reference, { sha256: stored.sha256, sizeBytes: stored.bytes.byteLength });
      if (stored && damage === null) {
        if (sizeBytes <= this.#cacheBytes) this.#recent.set(reference.sha256, stored.bytes.slice());
        return stored.bytes;
      }
      if (read === READS)
        throw typeof damage === 'string'
          ? unusable(CHECKPOINT_CORRUPT, bucket, reference, damage)
          : unusable(CHECKPOINT_MISSING, bucket, reference, MISSING);
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
  async #isStored(bucket: string, reference: CheckpointReference): Promise<boolean> {
    if ((await this.#objects.sizeBytes(bucket, reference.key)) !== reference.sizeBytes) return false;
    return damageOf(reference, await this.#objects.digest(bucket, reference.key)) === null;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
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
