/**
 * The addresses of the pages, and what an address leads to. An address names its bucket, unless that is the default.
 */
import type { RunFolder } from '../../activities/contracts/checkpoint.ts';
import { DEFAULT_BUCKET, folderName, RUN_FOLDER } from '../../activities/storage/layout.ts';

export const INDEX = '/';

/** What an address leads to. */
export type Aim =
  | { readonly kind: 'index' }
  | { readonly kind: 'run' | 'comparison'; readonly location: RunFolder }
  /** The newest run with a workflow id. */
  | { readonly kind: 'newest'; readonly bucket: string; readonly workflowId: string };

const BUCKET = /^[\w.-]{1,255}$/;
/** A folder of a comparison as `folderName` makes it. */
const COMPARISON_FOLDER = /^(?!\.{1,2}$)[\w.%~-]{1,255}$/;

/** Returns the path of the page of the run or the comparison in a folder. */
export function addressOf(kind: 'run' | 'comparison', { bucket, folder }: RunFolder): string {
  return `/${kind}s/${folder.split('/').map(encodeURIComponent).join('/')}${query(bucket)}`;
}

/** Returns the path that leads to the newest run with a workflow id. */
export function addressOfNewest(workflowId: string, bucket: string): string {
  return `/runs/${encodeURIComponent(workflowId)}${query(bucket)}`;
}

function query(bucket: string): string {
  return bucket === DEFAULT_BUCKET ? '' : `?bucket=${encodeURIComponent(bucket)}`;
}

/** Returns what an address leads to; undefined: nothing. */
export function aimOf({ pathname, searchParams }: URL): Aim | undefined {
  if (pathname === INDEX) return { kind: 'index' };
  const bucket = searchParams.get('bucket') ?? DEFAULT_BUCKET;
  const [, kinds, ...encoded] = pathname.split('/');
  const names = encoded.map(decode);
  const [id = '', ...more] = names;
  if (!BUCKET.test(bucket) || names.includes(undefined) || id === '') return undefined;
  if (kinds === 'comparisons' && more.length === 0)
    return { kind: 'comparison', location: { bucket, folder: COMPARISON_FOLDER.test(id) ? id : folderName(id) } };
  if (kinds !== 'runs') return undefined;
  if (more.length === 0) return { kind: 'newest', bucket, workflowId: id };
  const folder = names.join('/');
  return RUN_FOLDER.test(folder) ? { kind: 'run', location: { bucket, folder } } : undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
