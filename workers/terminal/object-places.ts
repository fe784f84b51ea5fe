/**
 * Says where a person finds an object: its file if the stack stores it, else its address in S3.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { displayPath } from '../processes/places.mjs';
import type { StackRecord } from '../stack/running-stack.ts';

/** An object in a bucket. */
interface Place {
  readonly bucket: string;
  readonly key: string;
}

/** Returns the path of an object's file, else its address in S3. */
export function displayObject({ s3 }: Pick<StackRecord, 's3'>, { bucket, key }: Place): string {
  return s3.folder === null ? `s3://${bucket}/${key}` : displayPath(join(s3.folder, bucket, key));
}

/** Returns what opens an object in a browser: the address of its file, else that in S3. */
export function openableObject({ s3 }: Pick<StackRecord, 's3'>, { bucket, key }: Place): string {
  return s3.folder === null ? `s3://${bucket}/${key}` : pathToFileURL(join(s3.folder, bucket, key)).href;
}
