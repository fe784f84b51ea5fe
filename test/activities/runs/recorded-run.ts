/**
 * A run of the toy task as its workflows would record it: simulated in memory, its checkpoints under a run's prefix.
 */
import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../../activities/storage/object-store.ts';
import type { CheckpointReference, RunFolder } from '../../../activities/contracts/checkpoint.ts';
import { checkpointKey } from '../../../activities/storage/layout.ts';
import type { SaveRoundRequest } from '../../../activities/contracts/run.ts';
import type { Specification } from '../../../activities/specification/specification.ts';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import type { PopulationState } from '../../../workflows/population/state.ts';
import { simulate } from '../../../workflows/population/simulation.ts';
import { toyTraining } from '../../workflows/stand-ins.ts';

export interface RecordedRun {
  readonly populations: readonly PopulationState[];
  /** requests[round − 1][level − 1] */
  readonly requests: readonly (readonly SaveRoundRequest[])[];
}

/** Simulates the specification's run and returns what would be recorded of it under the location. */
export async function recordRun(specification: Specification, storage: RunFolder): Promise<RecordedRun> {
  const { populations, decisions } = await simulate(specification, toyTraining);
  return {
    populations: relocate(populations, storage),
    requests: decisions.map((levels, index) =>
      levels.map((events, level) => ({
        storage,
        round: index + 1,
        subPopulation: level + 1,
        events: relocate(events, storage),
        trainerSeconds: 1.5,
      })),
    ),
  };
}

/** Puts the objects that a round's training put: a few bytes each. */
export async function putCheckpoints(objects: ObjectStore, requests: readonly SaveRoundRequest[]): Promise<void> {
  const trained = requests
    .flatMap(({ events }) => events)
    .flatMap((event: RoundEvent) => (event.kind === 'trained' ? [...event.members, ...event.evaluators] : []));
  const { bucket } = requests[0]?.storage ?? { bucket: '' };
  await Promise.all(trained.map(({ checkpoint: { key } }) => objects.put(bucket, key, 'x')));
}

/** The simulation numbers its checkpoints: here each gets a digest and a key made of its number. */
function relocate<T>(value: T, storage: RunFolder): T {
  return JSON.parse(JSON.stringify(value), (_, one: unknown) => {
    if (!isReference(one)) return one;
    const sha256 = createHash('sha256').update(one.key).digest('hex');
    return { ...one, sha256, key: checkpointKey(storage, sha256), sizeBytes: 1 };
  }) as T;
}

function isReference(value: unknown): value is CheckpointReference {
  return typeof value === 'object' && value !== null && 'key' in value && 'sha256' in value;
}
