/**
 * What workflows carry instead of bytes: the address of an immutable object and what it must hash to.
 */

/** Where the objects of a run or a comparison lie: every key begins with the folder and a slash (storage/layout.ts). */
export interface RunFolder {
  readonly bucket: string;
  /** Of a run: `<workflow id>/<first run id>`. Of a comparison: `<workflow id>`. */
  readonly folder: string;
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
