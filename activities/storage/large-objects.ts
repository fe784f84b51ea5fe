/**
 * Large objects, written and read in parts, several at once: no request takes long, and only a lost part is sent again.
 */
import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { ObjectStoreError, type StoreRequest } from './store-errors.ts';

/** Bytes of a part. S3 takes parts of 5 MiB to 5 GiB, and 10,000 of them: these hold objects of up to 160 GB. */
export const PART_BYTES = 16 * 1024 * 1024;
export const PARTS_AT_ONCE = 4;
/** Attempts to read a part: the SDK repeats a request, but not what breaks off while the body arrives. */
const PART_READS = 3;

/** An object in a store, and how to send requests about it. */
export interface ObjectInParts {
  readonly bucket: string;
  readonly key: string;
  readonly partBytes: number;
  /** Sends a request; throws ObjectStoreError. */
  readonly ask: <T>(request: StoreRequest, send: (client: S3Client) => Promise<T>) => Promise<T>;
}

/** An object's bytes, and their SHA-256, hexadecimal. */
export interface MeasuredBytes {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** The bytes from `from` up to `to`. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/**
 * Writes an object in parts. It appears when all parts are there; if one fails, the store is told to drop the others.
 * `checked` returns what a request says of the bytes that it sends.
 *
 * @throws ObjectStoreError if the store did not take all of it
 */
export async function putInParts(
  object: ObjectInParts,
  bytes: Uint8Array,
  contentType: string,
  checked: (part: Uint8Array) => { readonly ContentMD5?: string },
): Promise<void> {
  const { ask, partBytes } = object;
  const address = { Bucket: object.bucket, Key: object.key };
  const { UploadId } = await ask('put', (client) =>
    client.send(new CreateMultipartUploadCommand({ ...address, ContentType: contentType })),
  );
  const upload = { ...address, UploadId };
  let failure: { readonly error: unknown } | undefined;
  // A part that fails ends the others' queue, not their requests: what arrives after an abort would stay.
  const Parts = await inParallel(PARTS_AT_ONCE, partsOf(bytes.byteLength, partBytes), async ({ from, to }, index) => {
    if (failure) return {};
    const Body = bytes.subarray(from, to);
    const part = { ...upload, PartNumber: index + 1, Body };
    try {
      const { ETag } = await ask('put', (client) => client.send(new UploadPartCommand({ ...part, ...checked(Body) })));
      return { ETag, PartNumber: part.PartNumber };
    } catch (error) {
      failure ??= { error };
      return {};
    }
  });
  try {
    if (failure) throw failure.error;
    await ask('put', (client) =>
      client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })),
    );
  } catch (error) {
    // If this fails too, the parts stay until the bucket's lifecycle rule deletes them.
    await abort(object, UploadId).catch(() => undefined);
    throw error;
  }
}

/**
 * Begins to write an object in parts, and drops it.
 *
 * @throws ObjectStoreError if the store refuses
 */
export async function tryParts(object: ObjectInParts): Promise<void> {
  const { UploadId } = await object.ask('put', (client) =>
    client.send(new CreateMultipartUploadCommand({ Bucket: object.bucket, Key: object.key })),
  );
  await abort(object, UploadId);
}

/**
 * Reads an object of this size in parts, into one array. The digest is computed while further parts arrive.
 *
 * @throws ObjectStoreError if a part cannot be read
 */
export async function getInParts(object: ObjectInParts, sizeBytes: number): Promise<MeasuredBytes> {
  const bytes = new Uint8Array(sizeBytes);
  const parts = partsOf(sizeBytes, object.partBytes);
  const hash = createHash('sha256');
  const arrived = new Set<number>();
  let hashed = 0;
  await inParallel(PARTS_AT_ONCE, parts, async (part, index) => {
    await getPart(object, bytes, part);
    arrived.add(index);
    for (let next = parts[hashed]; next && arrived.has(hashed); next = parts[++hashed])
      hash.update(bytes.subarray(next.from, next.to));
  });
  return { bytes, sha256: hash.digest('hex') };
}

async function getPart({ bucket, key, ask }: ObjectInParts, bytes: Uint8Array, { from, to }: Part): Promise<void> {
  for (let read = 1; ; read++) {
    try {
      return await ask('get', async (client) => {
        const { Body } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${from}-${to - 1}` }),
        );
        let at = from;
        for await (const chunk of (Body ?? []) as AsyncIterable<Uint8Array>) {
          if (at + chunk.byteLength > to) break;
          bytes.set(chunk, at);
          at += chunk.byteLength;
        }
        if (at !== to) throw new Error(`the store does not send bytes ${from} to ${to}`);
      });
    } catch (error) {
      if (read === PART_READS || !(error instanceof ObjectStoreError) || error.isPermanent) throw error;
    }
  }
}

async function abort({ bucket, key, ask }: ObjectInParts, UploadId: string | undefined): Promise<void> {
  await ask('abort the upload of', (client) =>
    client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId })),
  );
}

/** Returns the parts of an object, in order. */
export function partsOf(sizeBytes: number, partBytes: number): Part[] {
  return Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => ({
    from: index * partBytes,
    to: Math.min(sizeBytes, (index + 1) * partBytes),
  }));
}
