/**
 * Partial checkpoints of one worker's round: those that no attempt can ask for any more are deleted while it goes on,
 * so that a long round takes no more storage than a short one.
 *
 * The next attempt asks for the one that the server knows. That need not be the one told last, for the SDK holds
 * heartbeats back, for most of their timeout: an older one stays until a newer one has been told for as long as that
 * timeout. Should one be missed after all, because another worker has saved the very same and deleted it, the round
 * begins again: that costs time, and changes nothing.
 */
import { createHash } from 'node:crypto';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { TrainRequest } from '../contracts/training.ts';
import type { CheckpointStore } from '../storage/checkpoints.ts';
import type { TrainOrder } from './computer.ts';

interface ToldPartial {
  readonly key: string;
  /** By this process's clock. */
  readonly toldAtMs: number;
}

export class Partials {
  readonly #checkpoints: Pick<CheckpointStore, 'delete'>;
  readonly #storage: RunFolder;
  readonly #heartbeatTimeoutMs: number;
  /** Oldest first. */
  #stored: readonly ToldPartial[];

  /**
   * `known`: keys of those that earlier attempts have left, oldest first, the last being the one that the server knows.
   */
  constructor(
    checkpoints: Pick<CheckpointStore, 'delete'>,
    storage: RunFolder,
    known: readonly string[],
    heartbeatTimeoutMs: number,
  ) {
    this.#checkpoints = checkpoints;
    this.#storage = storage;
    this.#heartbeatTimeoutMs = heartbeatTimeoutMs;
    this.#stored = known.map((key) => ({ key, toldAtMs: -Infinity }));
  }

  /** Returns a round's partial checkpoints as earlier attempts left them. */
  static of({ request, partial, heartbeatTimeoutMs }: TrainOrder, checkpoints: Pick<CheckpointStore, 'delete'>) {
    return new Partials(
      checkpoints,
      request.storage,
      partial ? [...partial.superseded, partial.checkpoint.key] : [],
      // Without a timeout nothing says when a heartbeat must have arrived.
      heartbeatTimeoutMs ?? Infinity,
    );
  }

  /** Keys of those that are stored, oldest first. */
  get keys(): readonly string[] {
    return this.#stored.map(({ key }) => key);
  }

  /** Takes note of one that was just stored and told, and deletes those that it leaves superseded. */
  async told(key: string): Promise<void> {
    const now = performance.now();
    const older = this.#stored.filter((stored) => stored.key !== key);
    this.#stored = [...older, { key, toldAtMs: now }];
    const known = older.findLastIndex(({ toldAtMs }) => now - toldAtMs >= this.#heartbeatTimeoutMs);
    if (known <= 0) return;
    try {
      await this.#checkpoints.delete(this.#storage.bucket, this.keys.slice(0, known));
      this.#stored = this.#stored.slice(known);
    } catch {
      // They are tried again with the next one, and go with the round at last: no reason to disturb the training.
    }
  }
}

/** Returns the SHA-256 of a request, hexadecimal. */
export function digestOf(request: TrainRequest): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}
