/**
 * Sealing: what the records of rounds prove.
 *
 * The decisions of a round name their run, generation, round and sub-population, the digest of the record before (in
 * round 1: of specification.json) and the digest of the state that they lead to. Their own digest covers all of that. A
 * state names the digest of its decisions. So the next record, the state, or the reference that a workflow carries
 * shows that a record is of another place, that somebody edited it, or that it follows another specification.
 *
 * One thing cannot be proven from the bucket alone: that nobody rewrote the decisions and the state of the newest round
 * together, with all digests.
 */
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import { MISSING } from '../storage/checkpoints.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';

/** Failure type of a record that does not fit. */
export const RECORD_REFUSED = 'RecordRefused';

/** Format of a record of decisions. Its number rises with every change of the fields. */
export const DECISIONS_FORMAT = 'fire-pbt-decisions/1';
/** Format of a stored state. */
export const STATE_FORMAT = 'fire-pbt-state/1';

/** What to do if a run holds because of a record. */
export const RESTORE_OR_RESET = 'Restore the object and resume the run, or reset its root to its first task';

/** What happened in one sub-population's round. */
export interface RoundRecord {
  readonly round: number;
  readonly subPopulation: number;
  readonly events: readonly RoundEvent[];
  /** What the round cost. No decision depends on it. */
  readonly cost: { readonly trainerSeconds: number };
}

/** Where a record belongs. */
export interface RecordHeader {
  /** Folder of the run. */
  readonly run: string;
  /** Run id of the root whose parts recorded it. */
  readonly generation: string;
  readonly round: number;
  readonly subPopulation: number;
  /** The record that this one was adopted from; null: it was recorded in this run. */
  readonly origin: { readonly run: string; readonly generation: string; readonly sha256: string } | null;
  /** Digest of the record before; in round 1 of the specification, null if there is none. */
  readonly previous: string | null;
}

/** A record with its digests, as it is stored: `decisions/<round>/P<i>.json`. */
export interface SealedRecord extends RoundRecord, RecordHeader {
  readonly format: typeof DECISIONS_FORMAT;
  /** Null: nobody knows the state after it, because it was adopted after a record that is lost. */
  readonly stateSha256: string | null;
  /** Of all other fields but `format` (sealing.ts says how). */
  readonly sha256: string;
}

/** The state after a round, as it is stored: `rounds/<round>/P<i>.json`. */
export interface StoredState extends Pick<RecordHeader, 'run' | 'generation' | 'round' | 'subPopulation'> {
  readonly format: typeof STATE_FORMAT;
  /** `sha256` of the decisions that led to it. */
  readonly decisionsSha256: string;
  readonly state: PopulationState;
}

/** The records of a sub-population. */
export interface Chain {
  /** By round − 1; undefined: it is lost. */
  readonly records: readonly (SealedRecord | undefined)[];
  /** Why records are lost, in the order of their rounds. */
  readonly problems: readonly LostRecord[];
}

/** An object of a run that cannot be used, and why. */
export interface LostRecord {
  readonly key: string;
  readonly reason: string;
}

/** Returns the record of a round with its digests; `state` is the state after the round, null if it is not known. */
export function sealRecord(
  { run, generation, round, subPopulation, origin, previous }: RecordHeader,
  events: readonly RoundEvent[],
  state: PopulationState | null,
  cost: RoundRecord['cost'],
): SealedRecord {
  const header = { run, generation, round, subPopulation, origin, previous };
  const sealed = { ...header, stateSha256: state && digestJson(state), events, cost };
  const { stateSha256 } = sealed;
  return { format: DECISIONS_FORMAT, ...header, stateSha256, sha256: digestRecord(sealed), events, cost };
}

/** Returns the state after a record, as it is stored. */
export function sealState(record: SealedRecord, state: PopulationState): StoredState {
  const { run, generation, round, subPopulation, sha256 } = record;
  return { format: STATE_FORMAT, run, generation, round, subPopulation, decisionsSha256: sha256, state };
}

/** Returns a JSON value as a record, or undefined if it does not have the form of one. */
export function asRecord(json: unknown): SealedRecord | undefined {
  const record = json as Partial<SealedRecord> | null | undefined;
  return Array.isArray(record?.events) && record.cost && typeof record.sha256 === 'string'
    ? (record as SealedRecord)
    : undefined;
}

/** Returns why a record is not of this run, round and sub-population, or is not what its digest says. */
export function checkRecord(
  record: SealedRecord | undefined,
  storage: RunFolder,
  round: number,
  subPopulation: number,
): string | undefined {
  if (record === undefined) return 'expected a record, got something else';
  const otherFormat = checkFormat(record.format, DECISIONS_FORMAT);
  if (otherFormat !== undefined) return otherFormat;
  const misplaced = checkPlace(record, { run: storage.folder, round, subPopulation });
  if (misplaced !== undefined) return misplaced;
  const found = digestRecord(record);
  return found === record.sha256 ? undefined : `expected content with SHA-256 ${record.sha256}, got ${found}`;
}

/** Returns why a stored state is not the one that the record leads to; undefined if it is. */
export function checkState(json: unknown, record: SealedRecord): string | undefined {
  const stored = json as Partial<StoredState> | null | undefined;
  if (stored === undefined) return MISSING;
  if (!stored?.state) return 'expected a state, got something else';
  const otherFormat = checkFormat(stored.format, STATE_FORMAT);
  if (otherFormat !== undefined) return otherFormat;
  const misplaced = checkPlace(stored, record);
  if (misplaced !== undefined) return misplaced;
  if (stored.decisionsSha256 !== record.sha256)
    return `expected the state after decisions with SHA-256 ${record.sha256}, got ${String(stored.decisionsSha256)}`;
  return checkDigest(stored.state, record);
}

/** Returns the state that the records lead to, or why it is not the one that the last record names. */
export function stateAfter(
  records: readonly SealedRecord[],
): { readonly state: PopulationState } | { readonly reason: string } {
  const last = records.at(-1);
  if (last === undefined) return { reason: MISSING };
  let state: PopulationState;
  try {
    state = foldEvents(records);
  } catch (error) {
    return { reason: `expected events that can happen, got some that cannot: ${String(error)}` };
  }
  const reason = checkDigest(state, last);
  return reason === undefined ? { state } : { reason };
}

function checkDigest(state: PopulationState, { stateSha256 }: SealedRecord): string | undefined {
  const found = digestJson(state);
  return found === stateSha256 ? undefined : `expected a state with SHA-256 ${String(stateSha256)}, got ${found}`;
}

/**
 * Returns the records that fit one another and the specification. A record that does not fit by itself is lost, and its
 * round's story with it. If a record names another one than the one before it, either may be the edited one, so both
 * are lost. If the first record does not follow `start`, the digest of the specification or of the record before it,
 * all are lost. `reasons[i]` says why record i does not fit by itself, `keyOf` names it.
 */
export function linkRecords(
  records: readonly (SealedRecord | undefined)[],
  reasons: readonly (string | undefined)[],
  start: string | null,
  keyOf: (index: number) => string,
): Chain {
  const whole = records.map((record, index) => (reasons[index] === undefined ? record : undefined));
  const mismatches = whole.map((record, index) => {
    const before = index === 0 ? start : whole[index - 1]?.sha256;
    if (record === undefined || before === undefined || record.previous === before) return undefined;
    const what = index === 0 ? 'a specification' : 'a record before it';
    return `expected ${what} with SHA-256 ${String(record.previous)}, got ${String(before)}`;
  });
  return {
    records: whole.map((record, index) =>
      [mismatches[0], mismatches[index], mismatches[index + 1]].every((one) => one === undefined) ? record : undefined,
    ),
    problems: whole.flatMap((_, index) => {
      const reason = reasons[index] ?? mismatches[index];
      return reason === undefined ? [] : [{ key: keyOf(index), reason }];
    }),
  };
}

/** Returns the records up to the first one that is lost. */
export function unbroken(records: readonly (SealedRecord | undefined)[]): readonly SealedRecord[] {
  const lost = records.indexOf(undefined);
  return (lost < 0 ? records : records.slice(0, lost)) as readonly SealedRecord[];
}

/** Returns the state that the events of the records lead to. */
export function foldEvents(records: readonly RoundRecord[]): PopulationState {
  return records.reduce((state, { events }) => applyEvents(state, events), emptyPopulation());
}

/** Returns the failure, not retryable, of somebody who needs a record that does not fit; `advice` says what to do. */
export function refused(key: string, reason: string, advice?: string): ApplicationFailure {
  const message = `Cannot use record ${key}: ${reason}${advice === undefined ? '' : `. ${advice}`}`;
  return ApplicationFailure.nonRetryable(message, RECORD_REFUSED);
}

/** Returns the SHA-256 of a value's JSON text, hexadecimal: spaces and line breaks do not count, order does. */
export function digestJson(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function checkFormat(found: unknown, expected: string): string | undefined {
  return found === expected ? undefined : `expected format ${expected}, got ${String(found)}`;
}

type Place = Partial<Pick<RecordHeader, 'run' | 'round' | 'subPopulation'>>;

function checkPlace(found: Place, expected: Place): string | undefined {
  const name = ({ run, round, subPopulation }: Place): string =>
    `round ${String(round)} of P${String(subPopulation)} of run ${String(run)}`;
  return name(found) === name(expected) ? undefined : `expected ${name(expected)}, got ${name(found)}`;
}

function digestRecord(record: Omit<SealedRecord, 'format' | 'sha256'>): string {
  const { run, generation, round, subPopulation, origin, previous, stateSha256, events, cost } = record;
  return digestJson([run, generation, round, subPopulation, origin, previous, stateSha256, events, cost]);
}
