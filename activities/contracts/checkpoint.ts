/**
 * What workflows carry instead of bytes: the address of an immutable object and what it must hash to.
 */

/** Where a run's objects live: every key of the run begins with `prefix`, which ends in a slash. */
export interface StorageLocation {
  readonly bucket: string;
  readonly prefix: string;
}

/** One checkpoint: weights and optimiser state, immutable, addressed by its content. */
export interface CheckpointReference {
  /** Full key inside the bucket. */
  readonly key: string;
  /** SHA-256 of the object's bytes, lower-case hexadecimal; verified on every read. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Training steps that led to it. */
  readonly step: number;
}
