/**
 * TensorBoard's event files: TFRecords of the protocol buffer `tensorflow.Event`.
 *
 * A record is the length N of its data (8 bytes, little-endian), a masked CRC-32C of these 8 bytes, the N bytes, and a
 * masked CRC-32C of those.
 */
import protobuf from 'protobufjs/minimal.js';

/** A number at a step, under the name of its chart. */
export interface Scalar {
  readonly tag: string;
  readonly step: number;
  /** Is rounded to single precision. May be NaN. */
  readonly value: number;
}

/** The first event of a file has this version. */
const FILE_VERSION = 'brain.Event:2';

/** Tags of protocol buffers: field number · 8 + wire type (0: varint, 2: bytes with a length, 5: 4 bytes). */
const EVENT = { step: (2 << 3) | 0, fileVersion: (3 << 3) | 2, summary: (5 << 3) | 2 };
const SUMMARY = { value: (1 << 3) | 2 };
const VALUE = { tag: (1 << 3) | 2, simpleValue: (2 << 3) | 5 };

/** The polynomial of Castagnoli, with reversed bits. */
const POLYNOMIAL = 0x82f63b78;
const MASK_DELTA = 0xa282ead8;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  return remainder;
});

/** Returns the bytes of an event file. Its events have no wall time, because a run records none. */
export function encodeEventFile(scalars: readonly Scalar[]): Uint8Array {
  return Buffer.concat([
    record(protobuf.Writer.create().uint32(EVENT.fileVersion).string(FILE_VERSION).finish()),
    ...scalars.map((scalar) => record(encodeScalar(scalar))),
  ]);
}

/** Returns the CRC-32C of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function encodeScalar({ tag, step, value }: Scalar): Uint8Array {
  const writer = protobuf.Writer.create().uint32(EVENT.step).int64(step).uint32(EVENT.summary).fork();
  writer.uint32(SUMMARY.value).fork();
  writer.uint32(VALUE.tag).string(tag).uint32(VALUE.simpleValue).float(value);
  return writer.ldelim().ldelim().finish();
}

function record(data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(8 + 4 + data.length + 4);
  bytes.writeBigUInt64LE(BigInt(data.length), 0);
  bytes.writeUInt32LE(mask(crc32c(bytes.subarray(0, 8))), 8);
  bytes.set(data, 12);
  bytes.writeUInt32LE(mask(crc32c(data)), 12 + data.length);
  return bytes;
}

/** Masks a checksum, as TensorFlow does, since data may contain checksums. */
function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
