/**
 * Any S3-compatible store. It uses neither conditional writes nor stored checksums, because not every server has them.
 */
import { createHash } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { getInParts, PART_BYTES, putInParts, tryParts } from './large-objects.ts';
import type { MeasuredBytes, ObjectInParts } from './large-objects.ts';
import { listing } from './listing.ts';
import { connect, type ObjectStoreOptions } from './store-connection.ts';
import { describeStoreError, ifStored, ObjectStoreError, troubleOfCode } from './store-errors.ts';
import type { StoreRequest } from './store-errors.ts';

/** Most keys that one delete request takes. */
const DELETE_BATCH = 1000;
/** Deletions at once, if the store deletes only one object per request. */
const DELETES_AT_ONCE = 8;

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
}

/** What an object contains. */
export interface ObjectDigest {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Objects that the store did not delete. */
export interface Undeleted {
  readonly kept: number;
  /** Why it kept the first of them. */
  readonly refusal: ObjectStoreError | undefined;
}

/** Objects in buckets. Large ones are written in parts. */
export class ObjectStore {
  readonly #options: ObjectStoreOptions;
  readonly #partBytes: number;
  #connected: Promise<S3Client> | undefined;
  /** The store demands a digest of what is put. */
  #putsWithDigest = false;
  /** The store deletes only one object per request. */
  #deletesSingly = false;

  /**
   * `options` override what the SDK finds in environment and profiles, for tests and for a store that the caller
   * knows. Objects of more than `partBytes` are written in parts of this size.
   */
  constructor(options: ObjectStoreOptions = {}, partBytes: number = PART_BYTES) {
    this.#options = options;
    this.#partBytes = partBytes;
  }

  /** Writes an object, replacing any under the key, in parts if it is large. */
  async put(
    bucket: string,
    key: string,
    bytes: Uint8Array | string,
    contentType = 'application/octet-stream',
  ): Promise<void> {
    const Body = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    const checked = (sent: Uint8Array): { readonly ContentMD5?: string } =>
      this.#putsWithDigest ? { ContentMD5: createHash('md5').update(sent).digest('base64') } : {};
    const put = async (): Promise<void> => {
      if (Body.byteLength > this.#partBytes) return putInParts(this.#inParts(bucket, key), Body, contentType, checked);
      const object = { Bucket: bucket, Key: key, Body, ContentType: contentType };
      await this.#ask('put', bucket, key, (client) =>
        client.send(new PutObjectCommand({ ...object, ...checked(Body) })),
      );
    };
    try {
      await put();
    } catch (error) {
      // A bucket with object lock demands a digest.
      if (this.#putsWithDigest || !(error instanceof ObjectStoreError) || !/Content-?MD5|checksum/i.test(error.reason))
        throw error;
      this.#putsWithDigest = true;
      await put();
    }
  }

  /**
   * Returns an object's bytes.
   *
   * @throws ObjectStoreError with trouble 'missing-object' if there is none
   */
  async get(bucket: string, key: string): Promise<Uint8Array> {
    return this.#ask('get', bucket, key, async (client) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Body ? Body.transformToByteArray() : new Uint8Array();
    });
  }

  /**
   * Returns the bytes of an object that should have this size, whatever its size, and their digest. Reads a large one
   * in parts. Fails as `get` does.
   */
  async getMeasured(bucket: string, key: string, expectedBytes: number): Promise<MeasuredBytes> {
    if (expectedBytes > this.#partBytes && (await this.sizeBytes(bucket, key)) === expectedBytes)
      return getInParts(this.#inParts(bucket, key), expectedBytes);
    const bytes = await this.get(bucket, key);
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  /** Tries whether objects can be written in parts under the key. Leaves nothing. */
  async tryParts(bucket: string, key: string): Promise<void> {
    await tryParts(this.#inParts(bucket, key));
  }

  /** Returns what an object contains, without having it in memory. Fails as `get` does. */
  async digest(bucket: string, key: string): Promise<ObjectDigest> {
    return this.#ask('get', bucket, key, async (client) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      const hash = createHash('sha256');
      let sizeBytes = 0;
      for await (const chunk of (Body ?? []) as AsyncIterable<Uint8Array>) {
        hash.update(chunk);
        sizeBytes += chunk.byteLength;
      }
      return { sha256: hash.digest('hex'), sizeBytes };
    });
  }

  /** Returns an object's size, or undefined if there is no such object. */
  async sizeBytes(bucket: string, key: string): Promise<number | undefined> {
    const head = this.#ask('find', bucket, key, (client) =>
      client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })),
    );
    const found = await ifStored(head);
    return found && (found.ContentLength ?? 0);
  }

  /** Returns whether there is an object under the key. */
  async exists(bucket: string, key: string): Promise<boolean> {
    return (await this.sizeBytes(bucket, key)) !== undefined;
  }

  /** Returns all objects whose keys begin with the prefix, in key order. */
  async list(bucket: string, prefix: string): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    for await (const { Contents = [] } of listing((send) => this.#ask('list', bucket, `${prefix}*`, send), bucket, {
      Prefix: prefix,
    }))
      for (const { Key, Size } of Contents) if (Key !== undefined) found.push({ key: Key, sizeBytes: Size ?? 0 });
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Returns the names of the folders directly below a prefix, which is empty or ends in a slash, in order. */
  async folders(bucket: string, prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { CommonPrefixes = [] } of listing(
      (send) => this.#ask('list', bucket, `${prefix}*`, send),
      bucket,
      { Prefix: prefix, Delimiter: '/' },
    ))
      for (const { Prefix = '' } of CommonPrefixes) found.push(Prefix.slice(prefix.length, -1));
    return found.sort();
  }

  /**
   * Deletes the objects. A missing one is no error.
   *
   * @throws ObjectStoreError if the store did not delete all of them
   */
  async delete(bucket: string, keys: readonly string[]): Promise<void> {
    const { refusal } = await this.deletePermitted(bucket, keys);
    if (refusal) throw refusal;
  }

  /**
   * Deletes the objects that the store lets go, and returns how many it keeps, and why it keeps the first of them.
   *
   * @throws ObjectStoreError if the store is in a trouble that passes
   */
  async deletePermitted(bucket: string, keys: readonly string[]): Promise<Undeleted> {
    const refusals: ObjectStoreError[] = [];
    let kept = 0;
    for (let from = 0; from < keys.length; from += DELETE_BATCH) {
      const batch = keys.slice(from, from + DELETE_BATCH);
      const undeleted = await (this.#deletesSingly
        ? this.#deleteSingly(bucket, batch)
        : this.#deleteBatch(bucket, batch));
      kept += undeleted.kept;
      if (undeleted.refusal) refusals.push(undeleted.refusal);
    }
    return { kept, refusal: refusals[0] };
  }

  /** Deletes the objects with one request, or one by one if the store does not know such requests. */
  async #deleteBatch(bucket: string, keys: readonly string[]): Promise<Undeleted> {
    try {
      return await this.#deleteTogether(bucket, keys);
    } catch (error) {
      if (!(error instanceof ObjectStoreError) || !error.isPermanent) throw error;
      const first = await this.#deleteSingly(bucket, keys.slice(0, 1));
      if (first.refusal) return { ...first, kept: keys.length };
      this.#deletesSingly = true;
      return this.#deleteSingly(bucket, keys.slice(1));
    }
  }

  async #deleteTogether(bucket: string, keys: readonly string[]): Promise<Undeleted> {
    const key = keys.length === 1 ? (keys[0] ?? '') : `${keys[0]} and ${keys.length - 1} more`;
    const { Errors = [] } = await this.#ask('delete', bucket, key, (client) =>
      client.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } }),
      ),
    );
    const refusals = Errors.filter(({ Code }) => Code !== 'NoSuchKey').map(
      ({ Key = '', Code = 'an error', Message = 'without a message' }) =>
        new ObjectStoreError(
          { request: 'delete', bucket, key: Key },
          { trouble: troubleOfCode(Code), reason: `the store does not delete it (${Code}: ${Message})` },
        ),
    );
    const passing = refusals.find(({ isPermanent }) => !isPermanent);
    if (passing) throw passing;
    return { kept: refusals.length, refusal: refusals[0] };
  }

  async #deleteSingly(bucket: string, keys: readonly string[]): Promise<Undeleted> {
    const refusals = await inParallel(DELETES_AT_ONCE, keys, async (key) => {
      try {
        await this.#ask('delete', bucket, key, (client) =>
          client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })),
        );
      } catch (error) {
        if (!(error instanceof ObjectStoreError) || !error.isPermanent) throw error;
        return error.trouble === 'missing-object' ? undefined : error;
      }
      return undefined;
    });
    const kept = refusals.filter((refusal) => refusal !== undefined);
    return { kept: kept.length, refusal: kept[0] };
  }

  /** Creates the bucket if it is missing and the credentials allow it. */
  async ensureBucket(bucket: string): Promise<void> {
    try {
      await this.#ask('find bucket', bucket, '', (client) => client.send(new HeadBucketCommand({ Bucket: bucket })));
      return;
    } catch (error) {
      // Who may use a part of a bucket need not have the right to look at all of it.
      if (error instanceof ObjectStoreError && error.trouble === 'denied') return;
      if (!(error instanceof ObjectStoreError) || error.trouble !== 'missing-bucket') throw error;
    }
    try {
      await this.#ask('create bucket', bucket, '', (client) =>
        client.send(new CreateBucketCommand({ Bucket: bucket })),
      );
    } catch (error) {
      const name = error instanceof ObjectStoreError && error.cause instanceof Error ? error.cause.name : '';
      // Another process, perhaps of another run, was faster.
      if (name !== 'BucketAlreadyOwnedByYou' && name !== 'BucketAlreadyExists') throw error;
    }
  }

  /** Closes idle connections. */
  async close(): Promise<void> {
    const client = await this.#connected?.catch(() => undefined);
    client?.destroy();
  }

  #inParts(bucket: string, key: string): ObjectInParts {
    return { bucket, key, partBytes: this.#partBytes, ask: (request, send) => this.#ask(request, bucket, key, send) };
  }

  async #ask<T>(
    request: StoreRequest,
    bucket: string,
    key: string,
    send: (client: S3Client) => Promise<T>,
  ): Promise<T> {
    let client: S3Client | undefined;
    try {
      // A failed connection is not kept: credentials may appear later.
      this.#connected ??= connect(this.#options).catch((error: unknown) => {
        this.#connected = undefined;
        throw error;
      });
      client = await this.#connected;
      return await send(client);
    } catch (error) {
      throw await describeStoreError(error, { request, bucket, key }, client);
    }
  }
}
