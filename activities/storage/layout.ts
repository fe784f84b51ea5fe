/**
 * The layout of a bucket: every key that a run or a comparison writes.
 *
 * A run lies in `<workflow id>/<first run id>/`. A comparison lies in `<workflow id>/`.
 */
import { createHash } from 'node:crypto';
import { limits } from '../specification/limits.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';

/** Bucket of a run whose specification names none. */
export const DEFAULT_BUCKET = 'fire-pbt';
/** Matches a run's folder as `runFolder` makes it, and no path that leads to another place. */
export const RUN_FOLDER = /^(?!\.{1,2}\/)[\w.%~-]{1,255}\/(?!\.{1,2}$)[\w.%~-]{1,255}$/;

const ROUND_DIGITS = 6;

/**
 * Returns the folder of a run, `<workflow id>/<first execution run id>`: a run that is reset keeps its folder, and two
 * runs never share one, even under one workflow id.
 */
export function runFolder(workflowId: string, firstExecutionRunId: string): string {
  return `${folderName(workflowId)}/${folderName(firstExecutionRunId)}`;
}

/**
 * Returns a name that is one folder on any file system, different for different ids: percent-encoded, and shortened to
 * a digest if it is long.
 */
export function folderName(id: string): string {
  const encoded = [...Buffer.from(id)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  // A name of dots alone, or none, would mean a folder that exists already.
  const name = /^\.*$/.test(id) ? `%2E${id.slice(1).replaceAll('.', '%2E')}` : encoded.join('');
  if (name.length <= limits.folderCharacters) return name;
  const digest = createHash('sha256').update(id).digest('hex');
  const head = name.slice(0, limits.folderCharacters - digest.length - 1).replace(/%[0-9A-F]?$/, '');
  return `${head}~${digest}`;
}

/** Returns the workflow id of a folder of a run or a comparison; a long one as its folder shortens it. */
export function workflowIdOf({ folder }: Pick<RunFolder, 'folder'>): string {
  const [name = ''] = folder.split('/');
  return name.replaceAll(/(?:%[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());
}

/** Returns what every key in a folder begins with. */
export function keyPrefix({ folder }: Pick<RunFolder, 'folder'>): string {
  return `${folder}/`;
}

/** Returns the key of the specification that a run recorded when it was planned. */
export function specificationKey(run: Pick<RunFolder, 'folder'>): string {
  return `${keyPrefix(run)}specification.json`;
}

/** Returns the key of the object with which a run tries out its rights. */
export function rightsKey(run: Pick<RunFolder, 'folder'>): string {
  return `${keyPrefix(run)}rights.txt`;
}

/** Returns the key under which a retrace records the run that it retraces. */
export function retracedKey(run: RunFolder): string {
  return `${keyPrefix(run)}retraced.json`;
}

/** Returns the key of a finished run's result. */
export function resultKey(run: RunFolder): string {
  return resultFileKey(run, 'result.json');
}

/** Returns the key of a file beside the result, such as `best.safetensors`. */
export function resultFileKey(run: RunFolder, name: string): string {
  return `${keyPrefix(run)}result/${name}`;
}

/** Returns the key of the report of a run. */
export function runReportKey(run: RunFolder): string {
  return resultFileKey(run, 'report.html');
}

/** Returns the key of an exported history. */
export function historyKey(run: RunFolder, name: string): string {
  return `${keyPrefix(run)}histories/${name}`;
}

/** Returns the key of a sub-population's state after a round. */
export function stateKey(run: RunFolder, round: number, subPopulation: number): string {
  return `${statesPrefix(run)}${roundName(round)}/P${subPopulation}.json`;
}

/** Returns what the keys of all states of a run begin with. */
export function statesPrefix(run: RunFolder): string {
  return `${keyPrefix(run)}rounds/`;
}

/** Returns the key of what was decided in a sub-population's round. */
export function decisionsKey(run: RunFolder, round: number, subPopulation: number): string {
  return `${decisionsPrefix(run)}${roundName(round)}/P${subPopulation}.json`;
}

/** Returns what the keys of all decisions of a run begin with. */
export function decisionsPrefix(run: RunFolder): string {
  return `${keyPrefix(run)}decisions/`;
}

/** Returns the round and sub-population of a key of a state or of decisions, or undefined if the key is neither. */
export function parseRoundKey(run: RunFolder, key: string): { round: number; subPopulation: number } | undefined {
  const prefix = [statesPrefix(run), decisionsPrefix(run)].find((one) => key.startsWith(one));
  const match = prefix === undefined ? null : /^(\d+)\/P(\d+)\.json$/.exec(key.slice(prefix.length));
  return match ? { round: Number(match[1]), subPopulation: Number(match[2]) } : undefined;
}

/** Returns the key to which a generation of a run moves a record that it does not resume from. */
export function setAsideKey(run: RunFolder, generation: string, key: string): string {
  return `${keyPrefix(run)}set-aside/${folderName(generation)}/${key.slice(keyPrefix(run).length)}`;
}

/** Returns the key of the checkpoint with this digest. */
export function checkpointKey(run: RunFolder, sha256: string): string {
  return `${checkpointPrefix(run)}${sha256}.safetensors`;
}

/** Returns what the keys of all checkpoints of a run begin with. */
export function checkpointPrefix(run: RunFolder): string {
  return `${keyPrefix(run)}checkpoints/`;
}

/** Returns the key of a partial checkpoint of the round that ends at step `roundEnd`. */
export function partialKey(run: RunFolder, roundEnd: number, sha256: string): string {
  return `${partialPrefix(run)}${roundEnd}/${sha256}.safetensors`;
}

/** Returns what the keys of all partial checkpoints of a run begin with. */
export function partialPrefix(run: RunFolder): string {
  return `${keyPrefix(run)}partials/`;
}

/** Returns the step at which the round of a partial checkpoint ends; NaN if the key is none. */
export function endOfPartialsRound(run: RunFolder, key: string): number {
  return Number(/^(\d+)\/[^/]+$/.exec(key.slice(partialPrefix(run).length))?.[1]);
}

/** Returns the key of a comparison's validated input; `comparison` is the comparison's own folder. */
export function comparisonInputKey(comparison: RunFolder): string {
  return `${keyPrefix(comparison)}input.json`;
}

/** Returns the key of a comparison's table. */
export function comparisonTableKey(comparison: RunFolder): string {
  return `${keyPrefix(comparison)}comparison.json`;
}

/** Returns the key of a comparison's report. */
export function comparisonReportKey(comparison: RunFolder): string {
  return `${keyPrefix(comparison)}report.html`;
}

/** Returns the key of one described run of a comparison. */
export function comparedRunKey(
  comparison: RunFolder,
  { arm, seed }: { readonly arm: string; readonly seed: number },
): string {
  return `${keyPrefix(comparison)}runs/${arm}/seed-${seed}.json`;
}

function roundName(round: number): string {
  return String(round).padStart(ROUND_DIGITS, '0');
}
