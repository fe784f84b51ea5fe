/**
 * The published JSON Schemas of a bucket's objects, against objects that a run left. compare.test.ts checks a table.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { writeResult } from '../../../activities/runs/result.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import { decisionsKey, resultKey, runFolder, stateKey } from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { RECORDS_SCHEMA_PATH, recordsSchemaText } from '../../../workers/commands/write-records-schema.ts';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { recordRun, resultRequest, saveRound } from './recorded-run.ts';
import { assertFits, recordSchema, type RecordKind } from './published-schema.ts';

type Json = Record<string, unknown>;

const STORAGE = { bucket: 'test', folder: runFolder('my-run', 'first') };
const SPECIFICATION = toySpecification();
const ROUNDS = SPECIFICATION.steps / SPECIFICATION.stepsPerRound;

/** Events that the simulated run does not have, by round. */
const FURTHER: Readonly<Record<number, readonly RoundEvent[]>> = {
  2: [
    { kind: 'decided-by', code: '0.2.0+9be3e936697e7397', fromRound: 2 },
    { kind: 'extended', rounds: ROUNDS },
  ],
  3: [
    { kind: 'commanded', id: 'a', command: { kind: 'stop-members', members: [0], reason: 'by hand' } },
    { kind: 'commanded', id: 'b', command: { kind: 'stop-evaluation', slot: 0, reason: 'by hand' } },
    { kind: 'evaluations-ended', ended: [{ slot: 0, parent: 0, child: 0, reason: 'stopped-by-hand' }] },
  ],
  [ROUNDS]: [{ kind: 'ended', round: ROUNDS, reason: 'by hand' }],
};

it('is made from the types in the code', () => {
  assert.equal(readFileSync(RECORDS_SCHEMA_PATH, 'utf8'), recordsSchemaText(), 'run `npm run write-json-schema`');
});

describe('the schemas of a run', () => {
  let server: ObjectServer;
  let objects: ObjectStore;
  let result: Json;
  const decisions: Json[] = [];
  const states: Json[] = [];
  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
    await objects.ensureBucket('test');
    const records = new RoundRecords(objects);
    const run = await recordRun(SPECIFICATION, STORAGE);
    for (const request of run.requests.flat()) {
      const { round, subPopulation, events } = request;
      const further = (subPopulation === 2 && FURTHER[round]) || [];
      await saveRound(records, { ...request, events: [...events, ...further] });
      decisions.push((await records.readJson('test', decisionsKey(STORAGE, round, subPopulation))) as Json);
      states.push((await records.readJson('test', stateKey(STORAGE, round, subPopulation))) as Json);
    }
    const other = run.populations[0]?.members[1];
    assert.ok(other?.checkpoint);
    await writeResult(objects, records, {
      ...resultRequest(run, SPECIFICATION, STORAGE),
      other: { member: 1, score: 2, checkpoint: other.checkpoint, report: { testScore: 'diverged', files: [] } },
      report: { testScore: 1, untouchedScore: 0.5, files: [] },
      retraced: { folder: 'earlier/first', seed: 1, objective: 1, testScore: 1 },
      stoppedEarly: { reason: 'by hand', round: ROUNDS },
    });
    result = (await records.readJson('test', resultKey(STORAGE))) as Json;
  });
  after(async () => {
    await objects.close();
    await server.stop();
  });

  it('fit its decisions, its states and its result, with events of every kind', () => {
    assertFits('decisions', decisions);
    assertFits('state', states);
    assertFits('result', [result]);
    const kinds = new Set(decisions.flatMap(({ events }) => (events as RoundEvent[]).map(({ kind }) => kind)));
    for (const kind of ['initialised', 'assigned', 'trained', 'exploited', 'judged', 'promoted', 'ended'] as const)
      assert.ok(kinds.has(kind), kind);
  });

  it('refuse another format, a missing field and one that is not documented', () => {
    const objectOf = { decisions: decisions[0], state: states[0], result };
    for (const [kind, object] of Object.entries(objectOf) as [RecordKind, Json][]) {
      const schema = recordSchema(kind);
      const accepts = (change: Json): boolean => schema.safeParse({ ...object, ...change }).success;
      assert.deepEqual(
        [accepts({}), accepts({ format: 'fire-pbt/2' }), accepts({ further: 1 }), accepts({ format: undefined })],
        [true, false, false, false],
        kind,
      );
    }
  });

  it('are not needed to refuse a record of another format', async () => {
    const key = decisionsKey(STORAGE, 1, 1);
    await objects.put('test', key, JSON.stringify({ ...decisions[0], format: 'fire-pbt-decisions/2' }));
    await assert.rejects(new RoundRecords(objects).records(STORAGE, 1, 1), {
      message: `Cannot use record ${key}: expected format fire-pbt-decisions/1, got fire-pbt-decisions/2`,
    });
  });
});
