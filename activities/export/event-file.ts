/**
 * TensorBoard's event files: TFRecords of the protocol buffer `tensorflow.Event`.
 *
 * A record is the length N of its data (8 bytes, little-endian), a masked CRC-32C of these 8 bytes, the N bytes, and a
 * masked CRC-32C of those.
 */
import protobuf from 'protobufjs/minimal.js';
import type { Scalar } from './scalars.ts';
import type { HyperparameterValues } from '../../workflows/algorithm/hyperparameters.ts';

/** A worker in the table of the HParams plugin. */
export interface Session {
  readonly name: string;
  readonly hyperparameters: HyperparameterValues;
}

/** The first event of a file has this version. */
const FILE_VERSION = 'brain.Event:2';

/** The tag and the plugin by which TensorBoard finds sessions. */
const SESSION_TAG = '_hparams_/session_start_info';
const SESSION_PLUGIN = 'hparams';

const varint = (field: number): number => field << 3;
const double = (field: number): number => (field << 3) | 1;
const bytes = (field: number): number => (field << 3) | 2;
const float = (field: number): number => (field << 3) | 5;

/** Tags of protocol buffers: field number · 8 + wire type. */
const EVENT = { step: varint(2), fileVersion: bytes(3), summary: bytes(5) };
const SUMMARY = { value: bytes(1) };
const VALUE = { tag: bytes(1), simpleValue: float(2), tensor: bytes(8), metadata: bytes(9) };
/** `type` 1 is DT_FLOAT. */
const TENSOR = { type: varint(1), shape: bytes(2), dimension: bytes(2) };
const METADATA = { plugin: bytes(1), pluginName: bytes(1), content: bytes(2) };
const SESSION = { start: bytes(3), hyperparameter: bytes(1), group: bytes(4) };
const ENTRY = { key: bytes(1), value: bytes(2), number: double(2), text: bytes(3) };

/** The polynomial of Castagnoli, with reversed bits. */
const POLYNOMIAL = 0x82f63b78;
const MASK_DELTA = 0xa282ead8;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  return remainder;
});

/** Returns the bytes of an event file with scalars. Its events have no wall time, because a run records none. */
export function encodeEventFile(scalars: readonly Scalar[]): Uint8Array {
  return encodeFile(scalars.map(encodeScalar));
}

/** Returns the bytes of an event file with a worker's row in the table of the HParams plugin. */
export function encodeSessionFile(session: Session): Uint8Array {
  return encodeFile([encodeSession(session)]);
}

function encodeFile(events: readonly Uint8Array[]): Uint8Array {
  const version = protobuf.Writer.create().uint32(EVENT.fileVersion).string(FILE_VERSION).finish();
  return Buffer.concat([version, ...events].map(record));
}

/** Returns the CRC-32C of bytes. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Rounds the value to single precision. */
function encodeScalar({ tag, step, value }: Scalar): Uint8Array {
  const writer = protobuf.Writer.create().uint32(EVENT.step).int64(step).uint32(EVENT.summary).fork();
  writer.uint32(SUMMARY.value).fork();
  writer.uint32(VALUE.tag).string(tag).uint32(VALUE.simpleValue).float(value);
  return writer.ldelim().ldelim().finish();
}

/** The plugin reads what the tensor's metadata say, and of the tensor only that it is there and empty. */
function encodeSession({ name, hyperparameters }: Session): Uint8Array {
  const writer = protobuf.Writer.create().uint32(EVENT.summary).fork();
  writer.uint32(SUMMARY.value).fork().uint32(VALUE.tag).string(SESSION_TAG);
  writer.uint32(VALUE.tensor).fork().uint32(TENSOR.type).int32(1);
  writer.uint32(TENSOR.shape).fork().uint32(TENSOR.dimension).fork().ldelim().ldelim().ldelim();
  writer.uint32(VALUE.metadata).fork().uint32(METADATA.plugin).fork();
  writer.uint32(METADATA.pluginName).string(SESSION_PLUGIN).uint32(METADATA.content).fork();
  writer.uint32(SESSION.start).fork();
  for (const [key, value] of Object.entries(hyperparameters)) {
    writer.uint32(SESSION.hyperparameter).fork().uint32(ENTRY.key).string(key).uint32(ENTRY.value).fork();
    if (typeof value === 'number') writer.uint32(ENTRY.number).double(value);
    else writer.uint32(ENTRY.text).string(value);
    writer.ldelim().ldelim();
  }
  writer.uint32(SESSION.group).string(name);
  return writer.ldelim().ldelim().ldelim().ldelim().ldelim().ldelim().finish();
}

function record(data: Uint8Array): Buffer {
  const whole = Buffer.alloc(8 + 4 + data.length + 4);
  whole.writeBigUInt64LE(BigInt(data.length), 0);
  whole.writeUInt32LE(mask(crc32c(whole.subarray(0, 8))), 8);
  whole.set(data, 12);
  whole.writeUInt32LE(mask(crc32c(data)), 12 + data.length);
  return whole;
}

/** Masks a checksum, as TensorFlow does, since data may contain checksums. */
function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
