/**
 * A run of the toy task as its workflows would record it: simulated in memory, its checkpoints in a run's folder.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../../activities/storage/object-store.ts';
import type { CheckpointReference, RunFolder } from '../../../activities/contracts/checkpoint.ts';
import type { WriteResultRequest } from '../../../activities/contracts/result.ts';
import { checkpointKey, workflowIdOf } from '../../../activities/storage/layout.ts';
import type { RoundReference, SaveRoundRequest } from '../../../activities/contracts/run.ts';
import { referenceTo, type RoundRecords } from '../../../activities/runs/rounds.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import type { PopulationState } from '../../../workflows/population/state.ts';
import { simulate } from '../../../workflows/population/simulation.ts';
import { toyTraining } from '../../workflows/stand-ins.ts';

/** A round before it is recorded: the reference of the round before is not known yet. */
export type SimulatedRecord = Omit<SaveRoundRequest, 'previous'>;

export interface RecordedRun {
  readonly populations: readonly PopulationState[];
  /** requests[round − 1][level − 1] */
  readonly requests: readonly (readonly SimulatedRecord[])[];
  /** Contents of the checkpoints, by key. */
  readonly checkpoints: ReadonlyMap<string, string>;
}

/** Simulates the specification's run and returns what would be recorded of it in the folder. */
export async function recordRun(
  specification: Specification,
  storage: RunFolder,
  generation = 'generation-1',
): Promise<RecordedRun> {
  const { populations, decisions } = await simulate(specification, toyTraining);
  const checkpoints = new Map<string, string>();
  return {
    checkpoints,
    populations: relocate(populations, storage, checkpoints),
    requests: decisions.map((levels, index) =>
      levels.map((events, level) => ({
        storage,
        generation,
        round: index + 1,
        subPopulation: level + 1,
        events: relocate(events, storage, checkpoints),
        trainerSeconds: 1.5,
      })),
    ),
  };
}

/** Returns what a run of the specification asks for at its end: a result whose winner is the first member of P1. */
export function resultRequest(
  { populations, requests }: RecordedRun,
  specification: Specification,
  storage: RunFolder,
): WriteResultRequest {
  const winner = populations[0]?.members[0];
  assert.ok(winner?.checkpoint);
  return {
    storage,
    workflowId: workflowIdOf(storage),
    specification,
    rounds: requests.length,
    winner: { member: 0, score: 1, checkpoint: winner.checkpoint, history: winner.history },
    other: null,
    score: 'score',
    report: { testScore: 1, files: [] },
    undeleted: 0,
  };
}

/** Puts the checkpoints that a round's training put. */
export async function putCheckpoints(
  objects: ObjectStore,
  { checkpoints }: RecordedRun,
  requests: readonly SimulatedRecord[],
): Promise<void> {
  const trained = requests
    .flatMap(({ events }) => events)
    .flatMap((event) => (event.kind === 'trained' ? [...event.members, ...event.evaluators] : []));
  const { bucket } = requests[0]?.storage ?? { bucket: '' };
  await Promise.all(trained.map(({ checkpoint: { key } }) => objects.put(bucket, key, checkpoints.get(key) ?? '')));
}

/** Records a round after the one that is recorded already. */
export async function saveRound(records: RoundRecords, request: SimulatedRecord): Promise<RoundReference> {
  const { storage, round, subPopulation } = request;
  const before = await records.record(storage, round - 1, subPopulation);
  return records.save({ ...request, previous: before === undefined ? null : referenceTo(before) });
}

/** The simulation numbers its checkpoints. Here the number is the content. */
function relocate<T>(value: T, storage: RunFolder, checkpoints: Map<string, string>): T {
  return JSON.parse(JSON.stringify(value), (_, one: unknown) => {
    if (!isReference(one)) return one;
    const sha256 = createHash('sha256').update(one.key).digest('hex');
    const key = checkpointKey(storage, sha256);
    checkpoints.set(key, one.key);
    return { ...one, sha256, key, sizeBytes: one.key.length };
  }) as T;
}

function isReference(value: unknown): value is CheckpointReference {
  return typeof value === 'object' && value !== null && 'key' in value && 'sha256' in value;
}
