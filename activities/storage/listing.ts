/**
 * Lists a bucket, page by page: a store answers with at most a thousand keys at once.
 */
import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';

/** Sends a request; throws ObjectStoreError. */
type Ask = <T>(send: (client: S3Client) => Promise<T>) => Promise<T>;

/** Yields all pages of a listing. @throws ObjectStoreError if the store fails */
export async function* listing(
  ask: Ask,
  bucket: string,
  what: { readonly Prefix: string; readonly Delimiter?: string },
): AsyncGenerator<ListObjectsV2CommandOutput, void> {
  let next: string | undefined;
  do {
    const more = next === undefined ? {} : { ContinuationToken: next };
    const page = await ask((client) => client.send(new ListObjectsV2Command({ Bucket: bucket, ...what, ...more })));
    yield page;
    next = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (next !== undefined);
}
