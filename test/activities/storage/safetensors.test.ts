import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../../activities/storage/safetensors.ts';

const PYTHON = fileURLToPath(new URL('../../../.local/python/bin/python', import.meta.url));

const weights: NamedTensor = {
  dtype: 'F32',
  shape: [2, 3],
  data: new Uint8Array(Float32Array.of(1, -2.5, 3, 0, 1e-30, 1e30).buffer),
};
const momentum: NamedTensor = { dtype: 'F64', shape: [2], data: new Uint8Array(Float64Array.of(Math.PI, -0).buffer) };
const steps: NamedTensor = { dtype: 'I64', shape: [], data: new Uint8Array(BigInt64Array.of(-12345678901234n).buffer) };
const mask: NamedTensor = { dtype: 'U8', shape: [3], data: Uint8Array.of(0, 1, 255) };
const nothing: NamedTensor = { dtype: 'F32', shape: [0, 4], data: new Uint8Array() };
const everything = new Map(
  Object.entries({ 'layer/weights': weights, 'momentum/layer/weights': momentum, steps, mask, nothing, '7': mask }),
);

describe('safetensors', () => {
  test('decodes what it encoded', () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors(everything, { step: '200', task: 'tëst' }));
    assert.deepEqual(new Map([...tensors].sort()), new Map([...everything].sort()));
    assert.deepEqual(metadata, { step: '200', task: 'tëst' });
    assert.equal(new Float32Array(tensors.get('layer/weights')?.data.buffer ?? new ArrayBuffer(0))[1], -2.5);
  });

  test('gives the same bytes for any order of tensors and metadata', () => {
    const reversed = new Map([...everything].reverse());
    assert.deepEqual(
      encodeSafetensors(everything, { a: '1', b: '2' }),
      encodeSafetensors(reversed, { b: '2', a: '1' }),
    );
  });

  test('aligns the data to eight bytes and each tensor to its element size', () => {
    const file = encodeSafetensors(everything, {});
    const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
    assert.equal(length % 8, 0);
    const header = JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString()) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    assert.equal(header['momentum/layer/weights']?.data_offsets[0], 0);
    assert.equal((header['layer/weights']?.data_offsets[0] ?? 1) % 4, 0);
  });

  test('refuses to encode data that does not fit its shape', () => {
    assert.throws(() => encodeSafetensors(new Map([['w', { ...weights, shape: [2, 2] }]]), {}), {
      message: 'Expected tensor `w` (F32 [2, 2]) to have 16 bytes, got `24`',
    });
    assert.throws(
      () => encodeSafetensors(new Map([['w', { ...weights, shape: [-1, 4] }]]), {}),
      /Expected tensor `w` to have a shape of whole numbers/,
    );
    assert.throws(
      () => encodeSafetensors(new Map([['__metadata__', weights]]), {}),
      /other than the reserved `__metadata__`/,
    );
  });

  test('opens in Python with every tensor and the metadata', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fire-pbt-safetensors-'));
    try {
      const path = join(folder, 'file.safetensors');
      writeFileSync(path, encodeSafetensors(everything, { step: '200' }));
      const source = [
        'import json, sys',
        'from safetensors import safe_open',
        'with safe_open(sys.argv[1], framework="numpy") as file:',
        '    tensors = {name: file.get_tensor(name) for name in file.keys()}',
        '    print(json.dumps({"metadata": file.metadata(), "tensors": {n: [str(t.dtype), list(t.shape), ' +
          't.ravel().tolist()] for n, t in tensors.items()}}))',
      ].join('\n');
      const seen: unknown = JSON.parse(execFileSync(PYTHON, ['-c', source, path], { encoding: 'utf8' }));
      assert.deepEqual(seen, {
        metadata: { step: '200' },
        tensors: {
          'layer/weights': ['float32', [2, 3], [1, -2.5, 3, 0, Math.fround(1e-30), Math.fround(1e30)]],
          'momentum/layer/weights': ['float64', [2], [Math.PI, -0]],
          steps: ['int64', [], [-12345678901234]],
          mask: ['uint8', [3], [0, 1, 255]],
          '7': ['uint8', [3], [0, 1, 255]],
          nothing: ['float32', [0, 4], []],
        },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const hostile: readonly [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(), /0 bytes are too few/],
    ['a header longer than the file', file('{}', 4, 1000n), /its header says 1000 bytes, the file has 14/],
    ['a header of exabytes', file('{}', 0, 2n ** 62n), /more than 100000000/],
    ['a header that is no JSON', file('{"w":', 0), /its header is no JSON/],
    ['a header that is no text', file(Buffer.of(0xff, 0xfe), 0), /its header is no JSON/],
    ['a header that is no object', file('[]', 0), /its header is no JSON object/],
    ['a tensor that is no object', file('{"w":3}', 0), /the entry of tensor `w` is no object/],
    ['an unknown dtype', tensorFile({ dtype: 'constructor' }), /unknown dtype `constructor`/],
    ['a negative shape', tensorFile({ shape: [-1] }), /no valid shape/],
    ['a fractional shape', tensorFile({ shape: [0.5] }), /no valid shape/],
    ['a shape whose product overflows', tensorFile({ shape: [2 ** 40, 2 ** 40] }), /less than 2\^53 bytes/],
    ['offsets that run backwards', tensorFile({ data_offsets: [4, 0] }), /needs 4 bytes, its offsets give -4/],
    ['three offsets', tensorFile({ data_offsets: [0, 4, 8] }), /no valid offsets/],
    ['a size other than the shape’s', tensorFile({ shape: [2] }), /needs 8 bytes, its offsets give 4/],
    ['a tensor beyond the end', tensorFile({}, 2), /tensor `w` ends at 4 of 2 bytes/],
    ['a truncated file', encodeSafetensors(everything, {}).slice(0, -1), /ends at \d+ of \d+ bytes of data/],
    ['bytes that belong to none', tensorFile({}, 6), /2 of 6 bytes of data belong to no tensor/],
    ['a gap', tensorFile({ data_offsets: [2, 6] }, 6), /begins at 2, after a gap: expected 0/],
    [
      'an overlap',
      file(
        '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
        4,
      ),
      /`b` begins at 2, inside the one before it/,
    ],
    ['metadata that is no text', file('{"__metadata__":{"a":1}}', 0), /its metadata `a` is no string/],
  ];
  for (const [what, bytes, message] of hostile) {
    test(`refuses ${what}`, () => {
      assert.throws(() => decodeSafetensors(bytes), message);
    });
  }
});

function file(header: string | Uint8Array, dataBytes: number, claimed?: bigint): Uint8Array {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

function tensorFile(entry: Record<string, unknown>, dataBytes = 4): Uint8Array {
  return file(JSON.stringify({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...entry } }), dataBytes);
}
