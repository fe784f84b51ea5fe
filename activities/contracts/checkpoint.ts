/**
 * References to objects. Workflows carry these instead of bytes.
 */

/** The folder of a run or a comparison. All keys of its objects begin with it and a slash (storage/layout.ts). */
export interface RunFolder {
  readonly bucket: string;
  /** `<workflow id>/<first run id>` of a run, `<workflow id>` of a comparison. */
  readonly folder: string;
}

/** `format` in the metadata of a checkpoint's file. */
export const CHECKPOINT_FORMAT = 'fire-pbt-checkpoint/1';

/** One checkpoint: weights and optimiser state, immutable, addressed by its content. */
export interface CheckpointReference {
  /** The whole key in the bucket. */
  readonly key: string;
  /** SHA-256 of the object's bytes, lower-case hexadecimal; verified on every read. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Training steps that led to it. */
  readonly step: number;
}
