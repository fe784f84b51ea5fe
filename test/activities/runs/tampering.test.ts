import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CheckpointReference, RunFolder } from '../../../activities/contracts/checkpoint.ts';
import type { LatestRound, RunPlan } from '../../../activities/contracts/run.ts';
import { adoptRounds, NOTHING_TO_GO_ON_FROM } from '../../../activities/runs/adoption.ts';
import { findLatestRound } from '../../../activities/runs/latest-round.ts';
import { planRun } from '../../../activities/runs/plan.ts';
import { writeResult } from '../../../activities/runs/result.ts';
import { referenceTo, RoundRecords } from '../../../activities/runs/rounds.ts';
import { foldEvents } from '../../../activities/runs/sealing.ts';
import { CheckpointStore } from '../../../activities/storage/checkpoints.ts';
import { collectCheckpoints } from '../../../activities/storage/collection.ts';
import { decisionsKey, setAsideKey, specificationKey, stateKey } from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { readableJson } from '../../../activities/storage/readable-json.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { findQuestion } from '../../../activities/runs/draft.ts';
import { answerOf } from '../../shipped-tasks.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { putCheckpoints, recordRun, saveRound, type RecordedRun } from './recorded-run.ts';
import { Tampering } from './tampered-records.ts';

const BUCKET = 'tampering';
const LEVELS = 2;
const ROUNDS = 5;
const specification = toySpecification({ steps: 400, storage: { bucket: BUCKET, keepRounds: 2 } });
const OTHER_RUN = { ...specification, seed: 1 };

/** What is done to the records of a run, and what comes of it. */
interface Case {
  readonly name: string;
  readonly tamper: (storage: RunFolder, other: RunFolder) => Promise<void>;
  /** The newest round that fits afterwards. */
  readonly round: number;
  /** Key of the object that is refused. */
  readonly key: (storage: RunFolder) => string;
  readonly reason: RegExp;
}

describe('records that were tampered with', () => {
  let server: ObjectServer;
  let objects: ObjectStore;
  let checkpoints: CheckpointStore;
  let records: RoundRecords;
  let tampering: Tampering;
  let simulated: RecordedRun;
  let other: RunFolder;
  let runs = 0;

  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
    checkpoints = new CheckpointStore(objects, 0);
    await objects.ensureBucket(BUCKET);
    records = new RoundRecords(objects);
    tampering = new Tampering(objects, records);
    const anywhere = { bucket: BUCKET, folder: 'anywhere/first' };
    simulated = await recordRun(specification, anywhere);
    other = (await newRun(await recordRun(OTHER_RUN, anywhere), OTHER_RUN)).storage;
  });
  after(async () => {
    await objects.close();
    await server.stop();
  });

  const state = (round: number) => (storage: RunFolder) => stateKey(storage, round, 2);
  const decisions = (round: number) => (storage: RunFolder) => decisionsKey(storage, round, 2);
  const place = /^expected round 5 of P2 of run run-\d+\/first, got round \d of P\d of run run-\d+\/first$/;
  const digest = /^expected .* SHA-256 [0-9a-f]{64}.*, got [0-9a-f]{64}$/;
  const notJson = /^expected a (record|state), got something else$/;
  const cases: readonly Case[] = [
    ...[
      { what: 'a state', at: state, round: ROUNDS },
      { what: 'decisions', at: decisions, round: ROUNDS - 1 },
    ].flatMap(({ what, at, round }): Case[] => {
      const key = at(ROUNDS);
      const moved = { key, round, reason: place };
      return [
        { ...moved, name: `${what} of an older round`, tamper: (s) => tampering.copy(s, at(ROUNDS - 1)(s), key(s)) },
        { ...moved, name: `${what} of another run`, tamper: (s, other) => tampering.copy(s, key(other), key(s)) },
        {
          ...moved,
          name: `${what} of another sub-population`,
          tamper: (s) => tampering.copy(s, key(s).replace('P2', 'P1'), key(s)),
        },
        { name: `${what}, truncated`, key, round, reason: notJson, tamper: (s) => tampering.truncate(s, key(s)) },
        { name: `${what}, deleted`, key, round, reason: /^it is missing$/, tamper: (s) => tampering.delete(s, key(s)) },
      ];
    }),
    {
      name: 'a state, edited',
      key: state(ROUNDS),
      round: ROUNDS - 1,
      reason: digest,
      tamper: (storage) => tampering.editState({ storage, round: ROUNDS, subPopulation: 2 }),
    },
    {
      name: 'decisions, edited',
      key: state(ROUNDS),
      round: ROUNDS - 1,
      reason: digest,
      tamper: (storage) => tampering.editDecisions({ storage, round: ROUNDS, subPopulation: 2 }),
    },
    {
      name: 'decisions of the round before, edited',
      key: decisions(ROUNDS),
      round: ROUNDS - 2,
      reason: digest,
      tamper: (storage) => tampering.editDecisions({ storage, round: ROUNDS - 1, subPopulation: 2 }),
    },
    {
      name: 'decisions and state of an older round, deleted',
      key: decisions(3),
      round: ROUNDS,
      reason: /^it is missing$/,
      tamper: (s) => tampering.delete(s, decisions(3)(s), state(3)(s)),
    },
  ];

  for (const { name, tamper, round, key, reason } of cases) {
    test(`${name}: refused by name after a reset`, async () => {
      const { storage, sound } = await tampered(tamper);
      const latest = await findLatestRound(checkpoints, records, { storage, subPopulations: LEVELS });
      assertRefused(latest, storage);
      await records.setAside(storage, latest.round, 'generation-2');
      assert.deepEqual(
        [...(await records.decided(storage)).keys()],
        [1, 2, 3, 4, 5].slice(0, round),
        'later rounds are repeated',
      );
      await assertSound(storage, latest, sound);
    });

    test(`${name}: refused by name by \`from\``, async () => {
      const { storage: from, sound } = await tampered(tamper);
      const { storage } = await planned();
      const adopted = await adopt(storage, from);
      assertRefused(adopted, from);
      const own = await findLatestRound(checkpoints, records, { storage, subPopulations: LEVELS });
      assert.deepEqual([own.round, own.records], [adopted.round, adopted.records]);
      assert.deepEqual(
        own.refused,
        round === ROUNDS && name.startsWith('decisions') ? [`${key(storage)}: it is missing`] : [],
        'what is lost stays lost',
      );
      await assertSound(storage, adopted, sound);
      const record = await records.record(storage, adopted.round, 1);
      const original = await records.record(from, adopted.round, 1);
      assert.deepEqual(record?.origin, { run: from.folder, generation: 'generation-1', sha256: original?.sha256 });
    });

    function assertRefused(latest: LatestRound, storage: RunFolder): void {
      assert.equal(latest.round, round, latest.refused.join('\n'));
      const prefix = `${key(storage)}: `;
      const refused = latest.refused.filter((one) => one.startsWith(prefix));
      assert.ok(
        refused.some((one) => reason.test(one.slice(prefix.length))),
        latest.refused.join('\n'),
      );
    }
  }

  for (const { name, tamper, reason } of [
    { name: 'another seed', tamper: (s: RunFolder) => tampering.editSpecification(s), reason: digest },
    {
      name: 'that of another run',
      tamper: (s: RunFolder, other: RunFolder) => tampering.copy(s, specificationKey(other), specificationKey(s)),
      reason: digest,
    },
    {
      name: 'truncated',
      tamper: (s: RunFolder) => tampering.truncate(s, specificationKey(s)),
      reason: /^expected JSON, got something else$/,
    },
    {
      name: 'deleted',
      tamper: (s: RunFolder) => tampering.delete(s, specificationKey(s)),
      reason: /^it is missing$/,
    },
  ]) {
    test(`a specification, ${name}: refused by name after a reset, and written anew`, async () => {
      const { storage, plan: before } = await tampered(tamper);
      const after = await planned(storage);
      const prefix = `${specificationKey(storage)}: `;
      assert.equal(after.plan.refused.length, 1);
      const [refused = ''] = after.plan.refused;
      assert.ok(refused.startsWith(prefix), refused);
      assert.match(refused.slice(prefix.length), reason);
      assert.deepEqual({ ...after.plan, refused: [] }, before);
      const latest = await findLatestRound(checkpoints, records, { storage, subPopulations: LEVELS });
      assert.deepEqual([latest.round, latest.refused], [ROUNDS, []]);
    });

    test(`a specification, ${name}: refused by name by \`from\``, async () => {
      const { storage: from } = await tampered(tamper);
      await assert.rejects(plan(`from-${++runs}`, { from: from.folder, storage: { bucket: BUCKET } }), {
        type: 'RecordRefused',
        nonRetryable: true,
        message: new RegExp(`^Cannot use record ${specificationKey(from)}: ${reason.source.slice(1)}`),
      });
      await assert.rejects(adopt((await planned()).storage, from), {
        type: NOTHING_TO_GO_ON_FROM,
        message: new RegExp(
          `^Cannot go on from s3://${BUCKET}/${from.folder}: no round of it can be used\n` +
            `Refused record ${decisionsKey(from, 1, 1)}: expected a specification with SHA-256 `,
        ),
      });
    });
  }

  test('a specification that was edited since a run resumed from it is not used when that run is reset', async () => {
    const { storage: from } = await tampered(async () => undefined);
    const input = { from: from.folder, storage: { bucket: BUCKET } };
    const workflowId = `from-${++runs}`;
    const first = await plan(workflowId, input);
    await adopt(first.storage, from);
    await tampering.editSpecification(from);
    const again = await plan(workflowId, input);
    assert.deepEqual(again, first);
    await tampering.editSpecification(first.storage);
    await assert.rejects(plan(workflowId, input), {
      type: 'RecordRefused',
      message: new RegExp(`^Cannot use record ${specificationKey(first.storage)}: `),
    });
  });

  test('a specification is used whose defaults were filled in when the run was planned', async () => {
    const { task, steps, stepsPerRound, evalEvery, hyperparameters } = specification;
    const input = { task, steps, stepsPerRound, evalEvery, hyperparameters, subPopulations: [{}, {}] };
    const workflowId = `run-${++runs}`;
    const first = await plan(workflowId, { ...input, storage: { bucket: BUCKET } });
    assert.deepEqual(await plan(workflowId, { ...input, storage: { bucket: BUCKET } }), first);
    assert.deepEqual(first.refused, []);
  });

  test('a specification that only looks different is used', async () => {
    const { storage, plan: before } = await tampered(async (s) => {
      const json = await records.readJson(BUCKET, specificationKey(s));
      await objects.put(BUCKET, specificationKey(s), JSON.stringify(json));
    });
    assert.deepEqual((await planned(storage)).plan, before);
    assert.equal((await findLatestRound(checkpoints, records, { storage, subPopulations: LEVELS })).round, ROUNDS);
  });

  test('a record of an earlier generation over that of this generation: refused by name', async () => {
    const { storage } = await tampered(async () => undefined);
    const again = { ...relocated(simulated, storage), generation: 'generation-2' };
    await records.setAside(storage, ROUNDS - 1, 'generation-2');
    for (const request of again.requests[ROUNDS - 1] ?? [])
      await saveRound(records, { ...request, generation: 'generation-2' });
    for (const key of [state(ROUNDS)(storage), decisions(ROUNDS)(storage)])
      await tampering.copy(storage, setAsideKey(storage, 'generation-2', key), key);
    const latest = await findLatestRound(checkpoints, records, { storage, subPopulations: LEVELS });
    assert.equal(latest.round, ROUNDS - 1);
    assert.deepEqual(latest.refused, [
      `${decisions(ROUNDS)(storage)}: expected a record of generation generation-2, as that of P1, got generation-1`,
    ]);
  });

  test('all states, deleted: refused by name, and rebuilt from the decisions', async () => {
    const { storage, sound } = await tampered(async (s) =>
      tampering.delete(s, ...[1, 2, 3, 4, 5].flatMap((round) => [stateKey(s, round, 1), stateKey(s, round, 2)])),
    );
    const latest = await findLatestRound(checkpoints, records, { storage, subPopulations: LEVELS });
    assert.deepEqual(latest.refused, [
      `${stateKey(storage, ROUNDS, 1)}: it is missing`,
      `${stateKey(storage, ROUNDS, 2)}: it is missing`,
    ]);
    await assertSound(storage, latest, sound);
  });

  for (const { name, spoil, damage } of [
    {
      name: 'gone',
      spoil: (s: RunFolder, key: string) => tampering.delete(s, key),
      damage: /^it is missing$/,
    },
    {
      name: 'truncated',
      spoil: (s: RunFolder, key: string) => tampering.truncate(s, key),
      damage: /^expected \d+ bytes with SHA-256 \w{64}, got \d+ bytes with SHA-256 \w{64}$/,
    },
    {
      name: 'of the right size, but others',
      spoil: async (s: RunFolder, key: string) =>
        objects.put(
          BUCKET,
          key,
          (await objects.get(BUCKET, key)).map((byte) => byte ^ 1),
        ),
      damage: /^expected (\d+) bytes with SHA-256 \w{64}, got \1 bytes with SHA-256 \w{64}$/,
    },
  ])
    test(`a round whose checkpoints are ${name} is not resumed from`, async () => {
      const { storage } = await tampered(async () => undefined);
      const { members } = await records.state(storage, ROUNDS, 1);
      const key = members[0]?.checkpoint?.key ?? '';
      await spoil(storage, key);
      const latest = await findLatestRound(checkpoints, records, { storage, subPopulations: LEVELS });
      assert.equal(latest.round, ROUNDS - 1);
      assert.equal(latest.refused.length, 1);
      assert.match(latest.refused[0] ?? '', new RegExp(`^${key}: `));
      assert.match((latest.refused[0] ?? '').slice(`${key}: `.length), damage);
    });

  for (const { name, lose } of [
    { name: 'deleted', lose: (s: RunFolder, key: string) => tampering.delete(s, key) },
    { name: 'truncated', lose: (s: RunFolder, key: string) => tampering.truncate(s, key) },
  ])
    test(`decisions of an old round, ${name}, cost that round's story, not the result`, async () => {
      const { storage, plan: made } = await newRun(simulated);
      const key = decisions(2)(storage);
      const checkpoint = await checkpointAfter(storage, ROUNDS);
      const whole = await writeResultOf(storage, made, checkpoint);
      await lose(storage, key);
      const result = await writeResultOf(storage, made, checkpoint);
      assert.equal(result.decisionsSha256, null);
      assert.equal(result.lost.length, 1);
      assert.ok(result.lost[0]?.startsWith(`${key}: `), result.lost[0]);
      assert.deepEqual({ ...result, decisionsSha256: whole.decisionsSha256, lost: [] }, whole, 'all else is the same');
      const { decisions: story } = (await records.readJson(BUCKET, result.resultKey)) as {
        decisions: { round: number; subPopulations: { events: unknown }[] }[];
      };
      assert.deepEqual(
        story.flatMap(({ round, subPopulations }) => subPopulations.flatMap((one) => (one.events ? [] : [round]))),
        [2],
      );
    });

  test('decisions of the last round, deleted, are named if a result needs them', async () => {
    const { storage, plan: made } = await tampered((s) => tampering.delete(s, decisions(ROUNDS)(s)));
    await assert.rejects(writeResultOf(storage, made, await checkpointAfter(storage, ROUNDS - 1)), {
      type: 'RecordRefused',
      nonRetryable: true,
      message:
        `Cannot use record ${decisions(ROUNDS)(storage)}: it is missing. Restore the object and resume the run, ` +
        'or reset its root to its first task',
    });
  });

  describe('while the run goes on', () => {
    test('a record that a workflow refers to is used, and no other', async () => {
      const { storage } = await tampered(async () => undefined);
      const wanted = { round: ROUNDS, subPopulation: 2, sha256: '0'.repeat(64) };
      await assert.rejects(records.state(storage, ROUNDS, 2, wanted), {
        type: 'RecordRefused',
        nonRetryable: true,
        message: /^Cannot use record .*\/000005\/P2\.json: expected the record with SHA-256 0{64}, got [0-9a-f]{64}$/,
      });
    });

    test('a record that was there and is gone fails at once, one that is not there yet is waited for', async () => {
      const { storage } = await tampered(async () => undefined);
      const record = await records.record(storage, ROUNDS, 2);
      assert.ok(record);
      await tampering.delete(storage, decisions(ROUNDS)(storage), state(ROUNDS)(storage));
      await assert.rejects(records.state(storage, ROUNDS, 2, referenceTo(record)), {
        type: 'RecordRefused',
        nonRetryable: true,
        message: `Cannot use record ${decisions(ROUNDS)(storage)}: it is missing`,
      });
      await assert.rejects(records.state(storage, ROUNDS, 2), {
        name: 'Error',
        message: `Cannot read round ${ROUNDS} of P2 under ${storage.folder}/: it is not recorded`,
      });
    });

    test('the collection of checkpoints keeps what a record that does not fit may refer to', async () => {
      const { storage, run } = await tampered(async () => undefined);
      for (const requests of run.requests.slice(0, ROUNDS)) await putCheckpoints(objects, run, requests);
      await tampering.truncate(storage, decisions(1)(storage));
      const collection = { storage, subPopulations: LEVELS, keepRounds: 2, finished: false };
      const first = await collectCheckpoints(objects, records, collection);
      assert.deepEqual(first.warnings, [
        `Kept checkpoints that ${state(1)(storage)} may refer to: Cannot use record ${decisions(1)(storage)}: ` +
          'expected a record, got something else',
      ]);
      assert.ok(first.deleted > 0);
      const stored = new Set((await objects.list(BUCKET, `${storage.folder}/checkpoints/`)).map(({ key }) => key));
      for (const key of trainedIn(run, 1, 2)) assert.ok(stored.has(key), key);
      for (const key of trainedIn(run, 2, 2)) assert.ok(!stored.has(key), key);

      await tampering.truncate(storage, decisions(ROUNDS)(storage));
      for (const finished of [false, true]) {
        const { deleted, warnings } = await collectCheckpoints(objects, records, { ...collection, finished });
        assert.equal(deleted, 0);
        assert.match(
          warnings.join('\n'),
          new RegExp(`^Kept checkpoints that ${state(ROUNDS)(storage)} may refer to: `),
        );
      }
    });
  });

  async function plan(workflowId: string, input: unknown): Promise<RunPlan> {
    const request = { specification: input, workflowId, firstExecutionRunId: 'first' };
    const answered = answerOf(await findQuestion(records, request));
    return planRun(objects, { ...request, answered }, { runId: 'generation-1', workflowType: 'firePbt' });
  }

  /** Plans a run of the specification, in a folder of its own or in one that is there. */
  async function planned(storage?: RunFolder, of = specification): Promise<{ storage: RunFolder; plan: RunPlan }> {
    const workflowId = storage?.folder.split('/')[0] ?? `run-${++runs}`;
    const made = await plan(workflowId, of);
    return { storage: made.storage, plan: made };
  }

  async function newRun(of: RecordedRun, under = specification) {
    const made = await planned(undefined, under);
    const run = relocated(of, made.storage);
    for (const requests of run.requests.slice(0, ROUNDS)) {
      await Promise.all(requests.map((request) => saveRound(records, request)));
      if ((requests[0]?.round ?? 0) >= 2) await putCheckpoints(objects, run, requests);
    }
    return { ...made, run };
  }

  /** Records a run, and tampers with it. `sound` are its events before, by sub-population and round. */
  async function tampered(tamper: Case['tamper']) {
    const made = await newRun(simulated);
    const sound = await Promise.all(
      [1, 2].map(async (level) => (await records.records(made.storage, ROUNDS, level)).map(({ events }) => events)),
    );
    await tamper(made.storage, other);
    return { ...made, sound };
  }

  /** Returns the checkpoint of P1's first member after a round. */
  async function checkpointAfter(storage: RunFolder, round: number): Promise<CheckpointReference> {
    const { members } = await records.state(storage, round, 1);
    const checkpoint = members[0]?.checkpoint;
    assert.ok(checkpoint);
    return checkpoint;
  }

  /** Writes the result of all rounds; P1's first member wins. */
  async function writeResultOf(storage: RunFolder, made: RunPlan, checkpoint: CheckpointReference) {
    return writeResult(objects, records, {
      storage,
      workflowId: 'w',
      specification: made.specification,
      rounds: ROUNDS,
      winner: { member: 0, score: 1, checkpoint, history: [] },
      other: null,
      report: { testScore: 1, files: [] },
      score: made.task.score,
      undeleted: 0,
    });
  }

  async function adopt(storage: RunFolder, from: RunFolder): Promise<LatestRound> {
    const adoption = { storage, from, subPopulations: LEVELS, rounds: ROUNDS, generation: 'generation-2' };
    return adoptRounds(records, checkpoints, adoption);
  }

  /** The round's states are what they were before anybody tampered with them, wherever they lie. */
  async function assertSound(
    storage: RunFolder,
    { round, records: references }: LatestRound,
    sound: readonly (readonly Parameters<typeof foldEvents>[0][number]['events'][])[],
  ): Promise<void> {
    assert.equal(references.length, LEVELS);
    for (const reference of references) {
      const { subPopulation } = reference;
      const events = sound[subPopulation - 1]?.slice(0, round) ?? [];
      const expected = foldEvents(events.map((one) => ({ round, subPopulation, events: one, cost: NO_COST })));
      const loaded = await records.state(storage, round, subPopulation, reference);
      assert.deepEqual(withoutKeys(loaded), withoutKeys(expected));
    }
  }
});

const NO_COST = { trainerSeconds: 0 };

function trainedIn(run: RecordedRun, round: number, level: number): string[] {
  const events = run.requests[round - 1]?.[level - 1]?.events ?? [];
  return events.flatMap((event) =>
    event.kind === 'trained' ? [...event.members, ...event.evaluators].map(({ checkpoint }) => checkpoint.key) : [],
  );
}

/** Returns a run as it would be recorded in another folder. */
function relocated(run: RecordedRun, storage: RunFolder): RecordedRun {
  const moved = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value).replaceAll('anywhere/first/', `${storage.folder}/`)) as T;
  const checkpoints = new Map([...run.checkpoints].map(([key, content]) => [moved(key), content]));
  const requests = moved(run.requests).map((levels) => levels.map((request) => ({ ...request, storage })));
  return { populations: moved(run.populations), requests, checkpoints };
}

function withoutKeys(value: unknown): unknown {
  return JSON.parse(readableJson(value), (name, one: unknown) => (name === 'key' ? undefined : one));
}
