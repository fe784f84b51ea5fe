/**
 * Any S3-compatible store, by the AWS SDK's own settings: endpoint, region and credentials come from the standard
 * environment variables and profiles, which only the SDK reads. It uses neither conditional writes nor stored
 * checksums, because not every server has them.
 */
import { createHash } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { inParallel } from '../../workflows/population/in-parallel.ts';
import { describeStoreError, ObjectStoreError, troubleOfCode } from './store-errors.ts';
import type { StoreRequest } from './store-errors.ts';

const CONNECTION_TIMEOUT_MS = 5_000;
/** Silence on an open connection. */
const SOCKET_TIMEOUT_MS = 60_000;
/** The SDK's own attempts, within seconds. The retries of the activity cover longer trouble. */
const MAX_ATTEMPTS = 4;
/** Most keys that one delete request takes. */
const DELETE_BATCH = 1000;
/** Deletions at once, if the store deletes only one object per request. */
const DELETES_AT_ONCE = 8;
/** Region if none is configured: a server other than AWS ignores it. */
const FALLBACK_REGION = 'us-east-1';

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Objects that the store did not delete. */
export interface Undeleted {
  readonly kept: number;
  /** Why it kept the first of them. */
  readonly refusal: ObjectStoreError | undefined;
}

export interface ObjectStoreOptions extends S3ClientConfig {
  /** Certificates (PEM) of the authorities to trust in place of the usual ones. */
  readonly certificateAuthorities?: string;
}

/** Objects in buckets, written and read whole. */
export class ObjectStore {
  readonly #options: ObjectStoreOptions;
  #connected: Promise<S3Client> | undefined;
  /** The store demands a digest of what is put. */
  #putsWithDigest = false;
  /** The store deletes only one object per request. */
  #deletesSingly = false;

  /**
   * `options` override what the SDK finds in environment and profiles, for tests and for a store that the caller
   * knows.
   */
  constructor(options: ObjectStoreOptions = {}) {
    this.#options = options;
  }

  /** Writes an object, replacing any under the key. */
  async put(
    bucket: string,
    key: string,
    bytes: Uint8Array | string,
    contentType = 'application/octet-stream',
  ): Promise<void> {
    const Body = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    const put = async (): Promise<void> =>
      this.#ask('put', bucket, key, async (client) => {
        const digest = this.#putsWithDigest ? { ContentMD5: createHash('md5').update(Body).digest('base64') } : {};
        await client.send(
          new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: contentType, ...digest }),
        );
      });
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

  /** Returns an object's size, or undefined if there is no such object. */
  async sizeBytes(bucket: string, key: string): Promise<number | undefined> {
    try {
      const { ContentLength } = await this.#ask('find', bucket, key, (client) =>
        client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })),
      );
      return ContentLength ?? 0;
    } catch (error) {
      if (error instanceof ObjectStoreError && error.trouble === 'missing-object') return undefined;
      throw error;
    }
  }

  /** Returns whether there is an object under the key. */
  async exists(bucket: string, key: string): Promise<boolean> {
    return (await this.sizeBytes(bucket, key)) !== undefined;
  }

  /** Returns all objects whose keys begin with the prefix, in key order. */
  async list(bucket: string, prefix: string): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    let next: string | undefined;
    do {
      const page = await this.#ask('list', bucket, `${prefix}*`, (client) =>
        client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ...(next === undefined ? {} : { ContinuationToken: next }),
          }),
        ),
      );
      for (const { Key, Size } of page.Contents ?? [])
        if (Key !== undefined) found.push({ key: Key, sizeBytes: Size ?? 0 });
      next = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (next !== undefined);
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
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

async function connect({ certificateAuthorities: ca, ...options }: ObjectStoreOptions): Promise<S3Client> {
  const settings: S3ClientConfig = {
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      httpAgent: { keepAlive: true, maxSockets: 50 },
      httpsAgent: { keepAlive: true, maxSockets: 50, ...(ca === undefined ? {} : { ca }) },
    },
    // Some servers other than AWS reject checksums in trailers. The callers check digests.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...options,
  };
  const probe = new S3Client(settings);
  // With an endpoint, the server is not AWS. Such servers do not resolve bucket names as hosts, and rarely have
  // regions.
  const own = options.endpoint !== undefined || (await probe.config.serviceConfiguredEndpoint?.()) !== undefined;
  if (!own) return probe;
  const region = await probe.config.region().catch(() => FALLBACK_REGION);
  probe.destroy();
  return new S3Client({ forcePathStyle: true, region, ...settings });
}
