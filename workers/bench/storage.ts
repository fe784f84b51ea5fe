/**
 * Measures how fast checkpoints are stored and read, compared with the AWS SDK that sends and asks for the same parts,
 * and computes no digest.
 */
import { randomFillSync } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { CheckpointStore } from '../../activities/storage/checkpoints.ts';
import { PART_BYTES, partsOf, PARTS_AT_ONCE } from '../../activities/storage/large-objects.ts';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { connect } from '../../activities/storage/store-connection.ts';
import { startObjectServer } from '../../test/object-server.ts';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { median } from './cpu-time.ts';

const BUCKET = 'bench';
const RUN = { bucket: BUCKET, folder: 'bench/storage' };
/** With momentum, about a ResNet-50. */
const LARGE_BYTES = 200_000_000;
const SMALL_BYTES = 40_000_000;

/**
 * Prints seconds and throughput of storing a checkpoint and reading it back, at an S3 server on this machine. Both ways
 * take turns, for so many rounds (odd), so a busy machine slows down both.
 */
export async function benchStorage(small: boolean): Promise<void> {
  const sizeBytes = small ? SMALL_BYTES : LARGE_BYTES;
  const server = await startObjectServer();
  const objects = new ObjectStore(server.options);
  const client = await connect(server.options);
  try {
    await objects.ensureBucket(BUCKET);
    const checkpoints = new CheckpointStore(objects, 0);
    const times: Round[] = [];
    for (let round = 0; round < (small ? 1 : 9); round++) {
      const bytes = randomFillSync(new Uint8Array(sizeBytes));
      const first = round % 2 === 0 ? await timeCheckpoints(checkpoints, bytes) : await timeSdk(client, bytes);
      const second = round % 2 === 0 ? await timeSdk(client, bytes) : await timeCheckpoints(checkpoints, bytes);
      times.push(round % 2 === 0 ? { ours: first, raw: second } : { ours: second, raw: first });
      await objects.delete(
        BUCKET,
        (await objects.list(BUCKET, '')).map(({ key }) => key),
      );
    }
    print(times, sizeBytes);
  } finally {
    client.destroy();
    await objects.close();
    await server.stop();
  }
}

/** Seconds. */
interface Times {
  readonly put: number;
  readonly get: number;
}

interface Round {
  readonly ours: Times;
  readonly raw: Times;
}

function print(times: readonly Round[], sizeBytes: number): void {
  console.log(`A checkpoint of ${sizeBytes / 1e6} MB         fire-pbt  AWS SDK  throughput, fire-pbt : AWS SDK`);
  const rows = { put: ({ put }: Times) => put, get: ({ get }: Times) => get, both: (t: Times) => t.put + t.get };
  for (const [name, of] of Object.entries(rows)) {
    const [ours, raw] = [median(times.map((one) => of(one.ours))), median(times.map((one) => of(one.raw)))];
    const ratio = median(times.map((one) => of(one.raw) / of(one.ours)));
    const [a, b] = [ours, raw].map((seconds) => seconds.toFixed(2).padStart(8));
    console.log(`${`${name}, seconds`.padEnd(29)} ${a} ${b}  ${ratio.toFixed(2)}`);
  }
}

async function timeCheckpoints(checkpoints: CheckpointStore, bytes: Uint8Array): Promise<Times> {
  const started = performance.now();
  const reference = await checkpoints.put(RUN, bytes, 1);
  const stored = performance.now();
  const read = await checkpoints.get(BUCKET, reference);
  requireEqual(read, bytes);
  return { put: (stored - started) / 1000, get: (performance.now() - stored) / 1000 };
}

async function timeSdk(client: S3Client, bytes: Uint8Array): Promise<Times> {
  const object = { Bucket: BUCKET, Key: 'raw' };
  const parts = partsOf(bytes.byteLength, PART_BYTES);
  const started = performance.now();
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  const Parts = await inParallel(PARTS_AT_ONCE, parts, async ({ from, to }, index) => {
    const PartNumber = index + 1;
    const sent = { ...object, UploadId, PartNumber, Body: bytes.subarray(from, to) };
    return { PartNumber, ETag: (await client.send(new UploadPartCommand(sent))).ETag };
  });
  await client.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }));
  const stored = performance.now();
  const read = new Uint8Array(bytes.byteLength);
  await inParallel(PARTS_AT_ONCE, parts, async ({ from, to }) => {
    const { Body } = await client.send(new GetObjectCommand({ ...object, Range: `bytes=${from}-${to - 1}` }));
    read.set((await Body?.transformToByteArray()) ?? [], from);
  });
  requireEqual(read, bytes);
  return { put: (stored - started) / 1000, get: (performance.now() - stored) / 1000 };
}

function requireEqual(read: Uint8Array, written: Uint8Array): void {
  if (Buffer.compare(read, written) !== 0) throw new Error('Cannot measure storage: other bytes are read than written');
}
