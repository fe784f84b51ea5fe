/**
 * What goes wrong with an object store: why, whether it passes by itself, and which right a refused request needs.
 */
import type { S3Client } from '@aws-sdk/client-s3';

/** What went wrong with a store, by how a caller reacts. */
export type StoreTrouble =
  | 'missing-object'
  | 'missing-bucket'
  /** These credentials lack a right. */
  | 'denied'
  /** The store answers that it will not follow such a request, for example because of the bucket's name. */
  | 'refused'
  | 'no-credentials'
  | 'unreachable'
  /** The store answers with an error of its own, for example because its disk is full, or asks to try again later. */
  | 'failing'
  | 'other';

/** Kinds of requests, and the right that each needs. */
export const RIGHTS = {
  put: 's3:PutObject',
  get: 's3:GetObject',
  find: 's3:GetObject',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
  'abort the upload of': 's3:AbortMultipartUpload',
  'find bucket': 's3:ListBucket',
  'create bucket': 's3:CreateBucket',
} as const;
export type StoreRequest = keyof typeof RIGHTS;

/** The same request gets the same answer until somebody changes the store. */
const PERMANENT: ReadonlySet<StoreTrouble> = new Set(['missing-object', 'missing-bucket', 'denied', 'refused']);

/** Errors with a status of 4xx that pass: the request was slow, damaged on its way, too soon, or its token expired. */
const PASSING_NAMES: ReadonlySet<string> = new Set([
  'BadDigest',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteBody',
  'OperationAborted',
  'RequestExpired',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TokenRefreshRequired',
  'TooManyRequests',
  'XAmzContentSHA256Mismatch',
]);
/** Codes of OpenSSL: nobody whom this machine trusts has signed the certificate. */
const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429]);
const NOT_IMPLEMENTED = 501;

/** A failed request to the store. The message names the request, bucket and key, and contains no credentials. */
export class ObjectStoreError extends Error {
  readonly request: StoreRequest;
  readonly trouble: StoreTrouble;
  /** Completes `Cannot …:`. */
  readonly reason: string;

  constructor(
    { request, bucket, key }: StoreAddress,
    { trouble, reason }: { readonly trouble: StoreTrouble; readonly reason: string },
    cause?: Error,
  ) {
    const message = `Cannot ${request} s3://${bucket}${key && `/${key}`}: ${reason}`;
    super(message, cause === undefined ? {} : { cause });
    this.name = 'ObjectStoreError';
    this.request = request;
    this.trouble = trouble;
    this.reason = reason;
  }

  /** Whether the same request would get the same answer until somebody changes the store. */
  get isPermanent(): boolean {
    return PERMANENT.has(this.trouble);
  }
}

/** Waits for a request and returns its answer, or undefined if there is no such object. */
export async function ifStored<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof ObjectStoreError && error.trouble === 'missing-object') return undefined;
    throw error;
  }
}

/** What a request is about; the key is empty for a bucket, and ends in `*` for a list. */
export interface StoreAddress {
  readonly request: StoreRequest;
  readonly bucket: string;
  readonly key: string;
}

/** Returns the error with what was attempted, why it failed, and nothing of the credentials. */
export async function describeStoreError(
  error: unknown,
  address: StoreAddress,
  client: S3Client | undefined,
): Promise<ObjectStoreError> {
  if (error instanceof ObjectStoreError) return error;
  const original = error instanceof Error ? error : new Error(String(error));
  const trouble = troubleOf(original, address.key === '' || address.key.endsWith('*'));
  const reason = await redact(reasonOf(original, trouble, address.request), client);
  // The SDK's error contains its request and response. Only its name and message are kept.
  const cause = new Error(await redact(original.message, client));
  cause.name = original.name;
  return new ObjectStoreError(address, { trouble, reason }, cause);
}

/** Returns what the code of one object's error means, in the answer to a request about many. */
export function troubleOfCode(code: string | undefined): StoreTrouble {
  if (code === 'AccessDenied') return 'denied';
  return code === 'InternalError' || code === 'ServiceUnavailable' || PASSING_NAMES.has(code ?? '')
    ? 'failing'
    : 'refused';
}

function troubleOf(error: Error, ofBucket: boolean): StoreTrouble {
  const status = statusOf(error);
  if (error.name === 'NoSuchBucket') return 'missing-bucket';
  if (error.name === 'NoSuchKey') return 'missing-object';
  // Of parts that the store has dropped: the next attempt begins a new upload.
  if (error.name === 'NoSuchUpload') return 'failing';
  if (status === 404) return ofBucket ? 'missing-bucket' : 'missing-object';
  if (error.name === 'CredentialsProviderError') return 'no-credentials';
  if (status === undefined)
    return codeOf(error) !== undefined || error.name === 'TimeoutError' ? 'unreachable' : 'other';
  if (PASSING_STATUSES.has(status) || PASSING_NAMES.has(error.name)) return 'failing';
  if (status === 401 || status === 403) return 'denied';
  if (status >= 500 && status !== NOT_IMPLEMENTED) return 'failing';
  return status >= 300 ? 'refused' : 'other';
}

function reasonOf(error: Error, trouble: StoreTrouble, request: StoreRequest): string {
  const said = error.message && error.message !== 'UnknownError' ? `${error.name}: ${error.message}` : error.name;
  switch (trouble) {
    case 'missing-object':
      return 'there is no such object';
    case 'missing-bucket':
      return 'there is no such bucket';
    case 'denied':
      return `the store refuses these credentials (${said})`;
    case 'refused':
      return `the store refuses the request (${said}, HTTP ${statusOf(error)})`;
    case 'no-credentials':
      return `there are no credentials (${said})`;
    case 'unreachable':
      return UNKNOWN_AUTHORITY.has(codeOf(error) ?? '')
        ? `the authority of the store's certificate is unknown (${codeOf(error)}); AWS_CA_BUNDLE can name its file`
        : `the store does not answer (${codeOf(error) ?? said})`;
    case 'failing':
      // The response does not contain the reason.
      return (
        `the store fails (${said}, HTTP ` +
        `${statusOf(error)})${request === 'put' ? ': no space left on its disk, perhaps' : ''}; its log says why`
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
