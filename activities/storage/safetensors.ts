/**
 * The safetensors format: named tensors and text metadata in one file that PyTorch, JAX and TensorFlow users can open.
 *
 * Layout: 8 bytes with the header's length N (little-endian), N bytes of JSON (tensor name to dtype, shape, offsets
 * into the data; `__metadata__` to strings; padded with spaces so that the data starts at a multiple of 8), then the
 * data without gaps.
 */
import { isRecord } from '../../workflows/validation/draft.ts';

/** Bytes of one element by dtype. */
const ELEMENT_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

/** Longest header that is read, as in the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
const METADATA_KEY = '__metadata__';

export type TensorDtype = keyof typeof ELEMENT_BYTES;

/** A tensor as it is stored in a file: little-endian, row-major. */
export interface NamedTensor {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** Exactly as many bytes as dtype and shape need. A decoded tensor has its own, aligned memory. */
  readonly data: Uint8Array;
}

/**
 * Returns the tensor that a checkpoint has under a name.
 *
 * @throws Error if there is none, or it has another type or shape
 */
export function expectTensor(
  tensor: NamedTensor | undefined,
  name: string,
  dtype: TensorDtype | undefined,
  shape: readonly number[],
): NamedTensor {
  if (tensor !== undefined && tensor.dtype === dtype && tensor.shape.join() === shape.join()) return tensor;
  const found = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'none';
  throw new Error(
    `Expected the checkpoint to have the tensor \`${name}\` (${dtype} [${shape.join(', ')}]), got \`${found}\``,
  );
}

export interface SafetensorsFile {
  readonly tensors: Map<string, NamedTensor>;
  readonly metadata: Record<string, string>;
}

/**
 * Returns the file's bytes, which depend on names and contents only. Tensors are sorted by falling element size, so
 * that each is aligned, then by name; metadata is sorted by key.
 *
 * @throws Error naming the tensor whose data does not fit its dtype and shape, or whose name is reserved
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const ordered = [...tensors].sort(
    ([a, { dtype: x }], [b, { dtype: y }]) => ELEMENT_BYTES[y] - ELEMENT_BYTES[x] || (a < b ? -1 : 1),
  );
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0)
    entries.push([METADATA_KEY, Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))]);
  let dataBytes = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === METADATA_KEY)
      throw new Error(`Expected tensor name to be other than the reserved \`${METADATA_KEY}\`, got \`${name}\``);
    const needed = tensorBytes(name, dtype, shape);
    if (data.byteLength !== needed)
      throw new Error(
        `Expected tensor \`${name}\` (${dtype} [${shape.join(', ')}]) to have ${needed} bytes, got ` +
          `\`${data.byteLength}\``,
      );
    entries.push([name, { dtype, shape, data_offsets: [dataBytes, dataBytes + needed] }]);
    dataBytes += needed;
  }
  // Written entry by entry: an object would move names that look like integers to the front.
  const json = Buffer.from(
    `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
  );
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = Buffer.alloc(LENGTH_BYTES + headerBytes + dataBytes, ' ');
  file.writeBigUInt64LE(BigInt(headerBytes), 0);
  json.copy(file, LENGTH_BYTES);
  let offset = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of ordered) {
    file.set(data, offset);
    offset += data.byteLength;
  }
  return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
}

/**
 * Returns the tensors, in the order of their data, and the metadata of a file, which need not be one of ours.
 *
 * @throws Error with the reason: a truncated or oversized header, offsets that overlap, leave gaps or are outside the
 *   file, sizes that do not match dtype and shape
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const header = readHeader(bytes);
  const dataStart = LENGTH_BYTES + header.sizeBytes;
  const dataBytes = bytes.byteLength - dataStart;
  const placed = Object.entries(header.json)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, entry]) => ({ name, ...readEntry(name, entry) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, NamedTensor>();
  let covered = 0;
  for (const { name, dtype, shape, begin, end } of placed) {
    if (begin !== covered)
      throw unreadable(
        `tensor \`${name}\` begins at ${begin}, ` +
          `${begin < covered ? 'inside the one before it' : 'after a gap'}: expected ${covered}`,
      );
    if (end > dataBytes) throw unreadable(`tensor \`${name}\` ends at ${end} of ${dataBytes} bytes of data`);
    tensors.set(name, { dtype, shape, data: bytes.slice(dataStart + begin, dataStart + end) });
    covered = end;
  }
  if (covered !== dataBytes)
    throw unreadable(`${dataBytes - covered} of ${dataBytes} bytes of data belong to no tensor`);
  return { tensors, metadata: readMetadata(header.json[METADATA_KEY]) };
}

function readHeader(bytes: Uint8Array): { json: Record<string, unknown>; sizeBytes: number } {
  if (bytes.byteLength < LENGTH_BYTES) throw unreadable(`${bytes.byteLength} bytes are too few`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw unreadable(`its header says ${length} bytes, more than ${MAX_HEADER_BYTES}`);
  const sizeBytes = Number(length);
  if (sizeBytes > bytes.byteLength - LENGTH_BYTES)
    throw unreadable(`its header says ${sizeBytes} bytes, the file has ${bytes.byteLength}`);
  let json: unknown;
  try {
    json = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + sizeBytes)),
    );
  } catch (cause) {
    throw unreadable('its header is no JSON', cause);
  }
  if (!isRecord(json)) throw unreadable('its header is no JSON object');
  return { json, sizeBytes };
}

function readEntry(
  name: string,
  entry: unknown,
): { dtype: TensorDtype; shape: readonly number[]; begin: number; end: number } {
  if (!isRecord(entry)) throw unreadable(`the entry of tensor \`${name}\` is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !isDtype(dtype))
    throw unreadable(`tensor \`${name}\` has the unknown dtype \`${String(dtype)}\``);
  if (!isCounts(shape)) throw unreadable(`tensor \`${name}\` has no valid shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw unreadable(`tensor \`${name}\` has no valid offsets`);
  const [begin = 0, end = 0] = offsets;
  const needed = tensorBytes(name, dtype, shape);
  if (end - begin !== needed)
    throw unreadable(
      `tensor \`${name}\` (${dtype} [${shape.join(', ')}]) needs ${needed} bytes, its offsets give ${end - begin}`,
    );
  return { dtype, shape, begin, end };
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata)) throw unreadable('its metadata is no object');
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => {
      if (typeof value !== 'string') throw unreadable(`its metadata \`${key}\` is no string`);
      return [key, value];
    }),
  );
}

function tensorBytes(name: string, dtype: TensorDtype, shape: readonly number[]): number {
  const bytes = shape.reduce((product, size) => product * size, ELEMENT_BYTES[dtype]);
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new Error(
      `Expected tensor \`${name}\` to have a shape of whole numbers and less than 2^53 bytes, got ` +
        `\`[${shape.join(', ')}]\``,
    );
  return bytes;
}

function isDtype(text: string): text is TensorDtype {
  return Object.hasOwn(ELEMENT_BYTES, text);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

function unreadable(state: string, cause?: unknown): Error {
  return new Error(`Cannot read safetensors: ${state}`, cause === undefined ? {} : { cause });
}
