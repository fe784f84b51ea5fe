/**
 * Any S3-compatible store, by the AWS SDK's own settings: endpoint, region and credentials come from the standard
 * environment variables and profiles, which only the SDK reads. It uses neither conditional writes nor stored
 * checksums, because not every server has them.
 */
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';

const CONNECTION_TIMEOUT_MS = 5_000;
/** Silence on an open connection. */
const SOCKET_TIMEOUT_MS = 60_000;
/** The SDK's own attempts, within seconds. The retries of the activity cover longer trouble. */
const MAX_ATTEMPTS = 4;
/** Most keys that one delete request takes. */
const DELETE_BATCH = 1000;
/** Region if none is configured: a server other than AWS ignores it. */
const FALLBACK_REGION = 'us-east-1';

/**
 * What went wrong with a store, by how a caller reacts. `failing`: the store answers with an error of its own, for
 * example because its disk is full.
 */
export type StoreTrouble = 'missing-object' | 'missing-bucket' | 'denied' | 'unreachable' | 'failing' | 'other';

/** A failed request to the store. The message names the request, bucket and key, and contains no credentials. */
export class ObjectStoreError extends Error {
  readonly trouble: StoreTrouble;

  constructor(message: string, trouble: StoreTrouble, cause: Error) {
    super(message, { cause });
    this.name = 'ObjectStoreError';
    this.trouble = trouble;
  }
}

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
}

export interface ObjectStoreOptions extends S3ClientConfig {
  /** Certificates (PEM) of the authorities to trust in place of the usual ones. */
  readonly certificateAuthorities?: string;
}

/** Objects in buckets, written and read whole. */
export class ObjectStore {
  readonly #options: ObjectStoreOptions;
  #connected: Promise<S3Client> | undefined;

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
    await this.#ask('put', bucket, key, (client) =>
      client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: contentType })),
    );
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

  /** Deletes the objects. A missing one is no error. */
  async delete(bucket: string, keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += DELETE_BATCH) {
      const batch = keys.slice(from, from + DELETE_BATCH);
      await this.#ask(
        'delete',
        bucket,
        batch.length === 1 ? (batch[0] ?? '') : `${batch[0]} and ${batch.length - 1} more`,
        async (client) => {
          const { Errors = [] } = await client.send(
            new DeleteObjectsCommand({
              Bucket: bucket,
              Delete: { Objects: batch.map((Key) => ({ Key })), Quiet: true },
            }),
          );
          const left = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
          if (left[0])
            throw new Error(
              `${left.length} of ${batch.length} were not deleted, the first being ${left[0].Key}: ` +
                `${left[0].Code} ${left[0].Message}`,
            );
        },
      );
    }
  }

  /** Creates the bucket if it is missing and the credentials allow it. */
  async ensureBucket(bucket: string): Promise<void> {
    try {
      await this.#ask('find bucket', bucket, '', (client) => client.send(new HeadBucketCommand({ Bucket: bucket })));
      return;
    } catch (error) {
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

  async #ask<T>(verb: string, bucket: string, key: string, request: (client: S3Client) => Promise<T>): Promise<T> {
    let client: S3Client | undefined;
    try {
      // A failed connection is not kept: credentials may appear later.
      this.#connected ??= connect(this.#options).catch((error: unknown) => {
        this.#connected = undefined;
        throw error;
      });
      client = await this.#connected;
      return await request(client);
    } catch (error) {
      throw await describe(error, { verb, bucket, key }, client);
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

/** Returns the error with what was attempted, why it failed, and nothing of the credentials. */
async function describe(
  error: unknown,
  { verb, bucket, key }: { readonly verb: string; readonly bucket: string; readonly key: string },
  client: S3Client | undefined,
): Promise<ObjectStoreError> {
  const original = error instanceof Error ? error : new Error(String(error));
  const trouble = troubleOf(original, key === '' || key.endsWith('*'));
  const reason = await redact(reasonOf(original, trouble, verb), client);
  // The SDK's error contains its request and response. Only its name and message are kept.
  const cause = new Error(await redact(original.message, client));
  cause.name = original.name;
  return new ObjectStoreError(`Cannot ${verb} s3://${bucket}${key && `/${key}`}: ${reason}`, trouble, cause);
}

function troubleOf(error: Error, ofBucket: boolean): StoreTrouble {
  const status = statusOf(error);
  if (error.name === 'NoSuchBucket') return 'missing-bucket';
  if (error.name === 'NoSuchKey') return 'missing-object';
  if (status === 404) return ofBucket ? 'missing-bucket' : 'missing-object';
  if (status === 401 || status === 403 || error.name === 'CredentialsProviderError') return 'denied';
  if (status === undefined && (codeOf(error) !== undefined || error.name === 'TimeoutError')) return 'unreachable';
  if (status !== undefined && status >= 500) return 'failing';
  return 'other';
}

function reasonOf(error: Error, trouble: StoreTrouble, verb: string): string {
  const said = error.message && error.message !== 'UnknownError' ? `${error.name}: ${error.message}` : error.name;
  switch (trouble) {
    case 'missing-object':
      return 'there is no such object';
    case 'missing-bucket':
      return 'there is no such bucket';
    case 'denied':
      return `the store refuses these credentials (${said})`;
    case 'unreachable':
      return `the store does not answer (${codeOf(error) ?? said})`;
    case 'failing':
      // The response does not contain the reason.
      return (
        `the store fails (${said}, HTTP ` +
        `${statusOf(error)})${verb === 'put' ? ': no space left on its disk, perhaps' : ''}; its log says why`
      );
    case 'other':
      return statusOf(error) === undefined ? said : `${said} (HTTP ${statusOf(error)})`;
    default:
      return trouble satisfies never;
  }
}

function statusOf(error: Error): number | undefined {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  return typeof metadata === 'object' &&
    metadata !== null &&
    'httpStatusCode' in metadata &&
    typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
}

/**
 * Returns an operating system's code such as ECONNREFUSED, looking through aggregates (one error for each address
 * tried).
 */
function codeOf(error: Error): string | undefined {
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error instanceof AggregateError && error.errors[0] instanceof Error ? codeOf(error.errors[0]) : undefined;
}

async function redact(text: string, client: S3Client | undefined): Promise<string> {
  const credentials = await client?.config.credentials().catch(() => undefined);
  if (!credentials) return text;
  return [credentials.secretAccessKey, credentials.sessionToken, credentials.accessKeyId].reduce<string>(
    (clean, secret) => (secret ? clean.replaceAll(secret, '[credentials]') : clean),
    text,
  );
}
