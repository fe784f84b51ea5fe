/**
 * The connection to a store, by the AWS SDK's own settings: endpoint, region and credentials come from the standard
 * environment variables and profiles, which only the SDK reads.
 */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

const CONNECTION_TIMEOUT_MS = 5_000;
/** Silence on an open connection. */
const SOCKET_TIMEOUT_MS = 60_000;
/** The SDK's own attempts, within seconds. The retries of the activity cover longer trouble. */
const MAX_ATTEMPTS = 4;
/** Region if none is configured: a server other than AWS ignores it. */
const FALLBACK_REGION = 'us-east-1';

export interface ObjectStoreOptions extends S3ClientConfig {
  /** Certificates (PEM) of the authorities to trust in place of the usual ones. */
  readonly certificateAuthorities?: string;
}

/** Returns a client. `options` override what the SDK finds. */
export async function connect({ certificateAuthorities: ca, ...options }: ObjectStoreOptions): Promise<S3Client> {
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
