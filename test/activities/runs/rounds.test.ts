import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { adoptRounds, NOTHING_TO_GO_ON_FROM } from '../../../activities/runs/adoption.ts';
import { collectCheckpoints } from '../../../activities/storage/collection.ts';
import { ObjectStore, type Undeleted } from '../../../activities/storage/object-store.ts';
import { CheckpointStore } from '../../../activities/storage/checkpoints.ts';
import type { RunFolder } from '../../../activities/contracts/checkpoint.ts';
import type { RoundReference } from '../../../activities/contracts/run.ts';
import { findLatestRound } from '../../../activities/runs/latest-round.ts';
import { referenceTo, RoundRecords } from '../../../activities/runs/rounds.ts';
import { decisionsKey, setAsideKey, stateKey } from '../../../activities/storage/layout.ts';
import { writeResult } from '../../../activities/runs/result.ts';
import type { PopulationState } from '../../../workflows/population/state.ts';
import { ACCESS_DENIED, startObjectGate } from '../../object-gate.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { putCheckpoints, recordRun, saveRound, type RecordedRun } from './recorded-run.ts';

const BUCKET = 'rounds';
const specification = toySpecification({ steps: 400 });
const ROUNDS = 20;
const LEVELS = 2;
const WORKERS = 22;

describe('the records of a run', () => {
  let server: ObjectServer;
  let objects: ObjectStore;
  let checkpoints: CheckpointStore;
  let rounds: RoundRecords;
  let runs = 0;

  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
    checkpoints = new CheckpointStore(objects, 0);
    await objects.ensureBucket(BUCKET);
    rounds = new RoundRecords(objects);
  });
  after(async () => {
    await objects.close();
    await server.stop();
  });

  async function newRun(): Promise<{ storage: RunFolder; run: RecordedRun }> {
    const storage = { bucket: BUCKET, folder: `run-${++runs}/first` };
    return { storage, run: await recordRun(specification, storage) };
  }

  async function saveAll(run: RecordedRun, upTo = ROUNDS): Promise<void> {
    for (const requests of run.requests.slice(0, upTo)) {
      // A round refers to the checkpoints of no other round.
      if (requests[0]?.round === upTo) await putCheckpoints(objects, run, requests);
      await Promise.all(requests.map((request) => saveRound(rounds, request)));
    }
  }

  async function latest(storage: RunFolder): Promise<number> {
    return (await findLatestRound(checkpoints, rounds, { storage, subPopulations: LEVELS })).round;
  }

  async function load(
    storage: RunFolder,
    round: number,
    subPopulation: number,
    reference: RoundReference | null = null,
  ): Promise<PopulationState> {
    let text = '';
    for (let part = 0, parts = 1; part < parts; part += 1) {
      const loaded = await rounds.loadPart({ storage, round, subPopulation, part, reference });
      assert.ok(loaded.text.length <= 500_000);
      ({ parts } = loaded);
      text += loaded.text;
    }
    return JSON.parse(text) as PopulationState;
  }

  test('suffice for their own run after the earlier run that it resumed was deleted', async () => {
    const { storage, run } = await newRun();
    const adoption = {
      storage,
      from: { bucket: 'gone', folder: 'earlier/first' },
      subPopulations: LEVELS,
      rounds: ROUNDS,
      generation: 'generation-2',
    };
    await saveAll(run, 3);
    assert.equal((await adoptRounds(rounds, checkpoints, adoption)).round, 3);
    const empty = {
      ...adoption,
      storage: (await newRun()).storage,
      from: { bucket: BUCKET, folder: 'earlier/first' },
    };
    await assert.rejects(adoptRounds(rounds, checkpoints, empty), {
      type: NOTHING_TO_GO_ON_FROM,
      message: `Cannot go on from s3://${BUCKET}/earlier/first: no round of it is recorded by all 2 sub-populations`,
    });
  });

  test('are not adopted by a run that is to have fewer rounds than they are', async () => {
    const { storage: from, run } = await newRun();
    await saveAll(run, 3);
    const { storage } = await newRun();
    const adoption = { storage, from, subPopulations: LEVELS, rounds: 2, generation: 'generation-2' };
    const adopt = (upTo: number) => adoptRounds(rounds, new CheckpointStore(objects, 0), { ...adoption, rounds: upTo });
    const steps = 'Expected `steps` to be at least 60, as many as the earlier run has trained (3 rounds), got `40`';
    await assert.rejects(adopt(2), {
      type: 'InvalidSpecification',
      nonRetryable: true,
      message: `Cannot use the specification: one error\n${steps}`,
      details: [[steps]],
    });
    assert.deepEqual(await objects.list(BUCKET, storage.folder), []);
    assert.equal((await adopt(3)).round, 3);
  });

  test('give every sub-population’s state after its last round', async () => {
    const { storage, run } = await newRun();
    assert.equal(await latest(storage), 0);
    await saveAll(run);
    assert.equal(await latest(storage), ROUNDS);
    for (const [index, population] of run.populations.entries())
      assert.deepEqual(await load(storage, ROUNDS, index + 1), population);
  });

  test('have a complete round only when every sub-population has recorded it', async () => {
    const { storage, run } = await newRun();
    await saveAll(run, 3);
    const [first] = run.requests[3] ?? [];
    assert.ok(first);
    await saveRound(rounds, first);
    assert.equal(await latest(storage), 3);
    await assert.rejects(load(storage, 4, 2), {
      message: `Cannot read round 4 of P2 under ${storage.folder}/: it is not recorded`,
    });
  });

  test('are the same if a round is recorded twice', async () => {
    const { storage, run } = await newRun();
    await saveAll(run, 5);
    const keys = [stateKey(storage, 5, 2), decisionsKey(storage, 5, 2)];
    const once = await Promise.all(keys.map((key) => objects.get(BUCKET, key)));
    const again = run.requests[4]?.[1];
    assert.ok(again);
    await saveRound(rounds, again);
    assert.deepEqual(await Promise.all(keys.map((key) => objects.get(BUCKET, key))), once);
  });

  test('rebuild a partial, altered or missing state from the decisions', async () => {
    const { storage, run } = await newRun();
    await saveAll(run, 6);
    const key = stateKey(storage, 6, 2);
    const sound = await load(storage, 6, 2);
    const text = Buffer.from(await objects.get(BUCKET, key)).toString();
    for (const damaged of [
      text.slice(0, text.length / 2),
      text.replace('"fitness":', '"fitnes5":'),
      '',
      '[]',
      'null',
    ]) {
      await objects.put(BUCKET, key, damaged);
      assert.deepEqual(await load(storage, 6, 2), sound);
      assert.equal(await latest(storage), 6);
    }
    await objects.delete(BUCKET, [key]);
    const record = await rounds.record(storage, 6, 2);
    assert.ok(record);
    assert.deepEqual(await load(storage, 6, 2, referenceTo(record)), sound);
    const next = run.requests[6];
    assert.ok(next);
    await putCheckpoints(objects, run, next);
    await Promise.all(next.map((request) => saveRound(rounds, request)));
    assert.equal(await latest(storage), 7);
  });

  test('fall back to the round before if a state and its decisions are both damaged', async () => {
    const { storage, run } = await newRun();
    await saveAll(run, 4);
    await putCheckpoints(objects, run, run.requests[2] ?? []);
    for (const key of [stateKey(storage, 4, 1), decisionsKey(storage, 4, 1)]) await objects.put(BUCKET, key, '{"half');
    assert.equal(await latest(storage), 3);
  });

  test('keep storage proportional to the workers, and everything that a newer round may need', async () => {
    const { storage, run } = await newRun();
    let collected = 0;
    for (const [index, requests] of run.requests.entries()) {
      await putCheckpoints(objects, run, requests);
      await Promise.all(requests.map((request) => saveRound(rounds, request)));
      const collection = { storage, subPopulations: LEVELS, keepRounds: 2, finished: false };
      collected += (await collectCheckpoints(objects, rounds, collection)).deleted;
      const stored = new Set((await objects.list(BUCKET, `${storage.folder}/checkpoints/`)).map(({ key }) => key));
      assert.ok(stored.size <= 2 * WORKERS, `${stored.size} after round ${index + 1}`);
      for (let round = Math.max(1, index); round <= index + 1; round += 1) {
        for (const key of await needed(storage, round)) assert.ok(stored.has(key), `round ${round} needs ${key}`);
      }
    }
    assert.ok(collected > 0);
    assert.deepEqual([...(await rounds.recorded(storage)).keys()], [ROUNDS - 1, ROUNDS]);
    assert.equal((await objects.list(BUCKET, `${storage.folder}/decisions/`)).length, ROUNDS * LEVELS);
  });

  test('lose unreferenced objects only after the end of the run, and only those of this run', async () => {
    const [{ storage, run }, other] = [await newRun(), await newRun()];
    for (const requests of run.requests.slice(0, 4)) {
      await putCheckpoints(objects, run, requests);
      await Promise.all(requests.map((request) => saveRound(rounds, request)));
    }
    const orphan = `${storage.folder}/checkpoints/${'0'.repeat(64)}.safetensors`;
    const others = `${other.storage.folder}/checkpoints/${'0'.repeat(64)}.safetensors`;
    await objects.put(BUCKET, orphan, 'x');
    await objects.put(BUCKET, others, 'x');
    const collection = { storage, subPopulations: LEVELS, keepRounds: 2 };
    await collectCheckpoints(objects, rounds, { ...collection, finished: false });
    assert.equal(await objects.exists(BUCKET, orphan), true);
    await collectCheckpoints(objects, rounds, { ...collection, finished: true });
    assert.equal(await objects.exists(BUCKET, orphan), false);
    assert.equal(await objects.exists(BUCKET, others), true);
    const stored = (await objects.list(BUCKET, `${storage.folder}/checkpoints/`)).map(({ key }) => key);
    assert.deepEqual(stored, [...new Set([...(await needed(storage, 3)), ...(await needed(storage, 4))])].sort());
  });

  test('lose the partial checkpoints of a round after every sub-population has recorded it', async () => {
    const [{ storage, run }, other] = [await newRun(), await newRun()];
    const { stepsPerRound } = specification;
    const partials = async (of = storage): Promise<string[]> =>
      (await objects.list(BUCKET, `${of.folder}/partials/`)).map(({ key }) => key);
    const collect = async (finished: boolean): Promise<number> =>
      (await collectCheckpoints(objects, rounds, { storage, subPopulations: LEVELS, keepRounds: 2, finished })).deleted;
    const [first, second] = [
      await checkpoints.put(storage, Uint8Array.of(1), 7, stepsPerRound),
      await checkpoints.put(storage, Uint8Array.of(2), stepsPerRound + 7, 2 * stepsPerRound),
    ];
    const others = await checkpoints.put(other.storage, Uint8Array.of(1), 7, stepsPerRound);
    const strange = `${storage.folder}/partials/notes`;
    await objects.put(BUCKET, strange, 'x');
    const [p1, p2] = run.requests[0] ?? [];
    assert.ok(p1 && p2);
    await saveRound(rounds, p1);
    assert.equal(await collect(false), 0);
    assert.deepEqual(await partials(), [first.key, second.key, strange].sort(), 'P2 may still be training');
    await saveRound(rounds, p2);
    assert.equal(await collect(false), 1);
    assert.deepEqual(await partials(), [second.key, strange].sort());
    await collect(true);
    assert.deepEqual(await partials(), [strange]);
    assert.deepEqual(await partials(other.storage), [others.key]);
  });

  test('end with the same objects wherever a collection is interrupted', async () => {
    const { storage, run } = await newRun();
    for (const requests of run.requests.slice(0, 5)) {
      await putCheckpoints(objects, run, requests);
      await Promise.all(requests.map((request) => saveRound(rounds, request)));
    }
    const collection = { storage, subPopulations: LEVELS, keepRounds: 2, finished: false };
    for (let allowed = 0; ; allowed += 1) {
      const dying = new DyingStore(server, allowed);
      try {
        await collectCheckpoints(dying, new RoundRecords(dying), collection);
        break;
      } catch (error) {
        assert.ok(error instanceof Crash, String(error));
      } finally {
        await dying.close();
      }
      for (const round of [4, 5])
        for (const key of await needed(storage, round)) assert.equal(await objects.exists(BUCKET, key), true);
    }
    assert.deepEqual([...(await rounds.recorded(storage)).keys()], [4, 5]);
    const stored = (await objects.list(BUCKET, `${storage.folder}/checkpoints/`)).map(({ key }) => key);
    assert.deepEqual(stored, [...trainedIn(run, 4), ...trainedIn(run, 5)].sort());
  });

  test('give a complete result, the same for the same decisions', async () => {
    const results = [];
    for (const { storage, run } of [await newRun(), await newRun()]) {
      await saveAll(run);
      const member = run.populations[0]?.members[3];
      assert.ok(member?.checkpoint);
      const score = member.curve.scores.at(-1);
      assert.ok(typeof score === 'number');
      const summary = await writeResult(objects, rounds, {
        storage,
        workflowId: 'my-run',
        specification,
        rounds: ROUNDS,
        winner: { member: 3, score, checkpoint: member.checkpoint, history: member.history },
        other: null,
        score: 'score',
        report: { testScore: 1.19, files: [`${storage.folder}/result/best.safetensors`] },
        undeleted: 0,
      });
      const text = Buffer.from(await objects.get(BUCKET, summary.resultKey)).toString();
      results.push({
        summary,
        member,
        result: JSON.parse(text) as Record<string, unknown>,
        anonymous: text.replaceAll(storage.folder, 'FOLDER'),
      });
    }
    const [one, two] = results;
    assert.ok(one && two);
    assert.equal(one.anonymous, two.anonymous);
    const { summary, result, member } = one;
    assert.equal(summary.decisionsSha256, two.summary.decisionsSha256);
    assert.match(String(summary.decisionsSha256), /^[0-9a-f]{64}$/);
    assert.equal(summary.algorithm, 'fire-pbt');
    assert.equal(summary.winner.member, 'P1/member-3');
    assert.deepEqual(
      summary.promotions,
      (await recordRun(specification, summary.storage)).populations.map(({ promotions }) => promotions),
    );
    assert.deepEqual(summary.files, [summary.resultKey, `${summary.storage.folder}/result/best.safetensors`]);
    assert.ok(JSON.stringify(summary).length < 20_000);
    assert.deepEqual(result.schedule, member.history);
    assert.deepEqual(result.cost, { trainerSeconds: ROUNDS * LEVELS * 1.5 });
    const decisions = result.decisions as {
      round: number;
      subPopulations: {
        events: {
          kind: string;
          evaluations?: { evaluator: string; reason: string; threshold: unknown; p: unknown }[];
        }[];
      }[];
    }[];
    assert.equal(decisions.length, ROUNDS);
    const judged = decisions.flatMap(({ subPopulations }) =>
      subPopulations.flatMap(({ events }) => events.flatMap(({ evaluations }) => evaluations ?? [])),
    );
    assert.equal(judged.length, (result.counts as { judgements: number }).judgements);
    assert.ok(
      judged.length > 0 &&
        judged.every(
          ({ evaluator, reason, p, threshold }) =>
            /^P2\/evaluator-\d$/.test(evaluator) && reason && p !== undefined && threshold !== undefined,
        ),
    );
  });

  test('have a digest of the decisions alone, which differs for other decisions', async () => {
    const { storage, run } = await newRun();
    const other = await recordRun({ ...specification, seed: 1 }, { ...storage, folder: 'run-other-seed/first' });
    const digests = [];
    for (const one of [run, other]) {
      await saveAll(one);
      const winner = one.populations[0]?.members[0];
      assert.ok(winner?.checkpoint);
      const at = one.requests[0]?.[0]?.storage ?? storage;
      const request = {
        storage: at,
        workflowId: 'w',
        specification,
        rounds: ROUNDS,
        winner: { member: 0, score: 1, checkpoint: winner.checkpoint, history: [] },
        other: null,
        score: 'score',
        report: { testScore: 1, files: [] },
        undeleted: 0,
      };
      digests.push((await writeResult(objects, rounds, request)).decisionsSha256);
    }
    assert.notEqual(digests[0], digests[1]);
  });

  test('give a small summary, without the oldest segments of a long schedule', async () => {
    const { storage, run } = await newRun();
    await saveAll(run);
    const member = run.populations[0]?.members[0];
    assert.ok(member?.checkpoint);
    const history = Array.from({ length: 2000 }, (_, index) => ({
      worker: 'P1/member-0',
      origin: 'exploit' as const,
      fromStep: index,
      toStep: index + 1,
      hyperparameters: { h: 0.5 },
    }));
    const winner = { member: 0, score: 1, checkpoint: member.checkpoint, history };
    const summary = await writeResult(objects, rounds, {
      storage,
      workflowId: 'w',
      specification,
      rounds: ROUNDS,
      winner,
      other: null,
      score: 'score',
      report: { testScore: 1, files: [] },
      undeleted: 0,
    });
    assert.ok(JSON.stringify(summary).length < 20_000);
    assert.deepEqual(summary.schedule.at(-1), history.at(-1));
  });

  test('are kept and counted while the store refuses to delete, and deleted once it permits', async () => {
    const { storage, run } = await newRun();
    for (const requests of run.requests.slice(0, 4)) {
      await putCheckpoints(objects, run, requests);
      await Promise.all(requests.map((request) => saveRound(rounds, request)));
    }
    const gate = await startObjectGate(server);
    const refusing = new ObjectStore(gate.server.options);
    try {
      const collection = { storage, subPopulations: LEVELS, keepRounds: 2, finished: false };
      const collect = () => collectCheckpoints(refusing, new RoundRecords(refusing), collection);
      gate.refuse(({ action }) => (action.startsWith('Delete') ? ACCESS_DENIED : undefined));
      const before = await objects.list(BUCKET, `${storage.folder}/`);
      const { deleted, undeleted, warnings } = await collect();
      assert.deepEqual(
        [deleted, warnings],
        [
          0,
          [
            `Cannot delete expired objects in s3://${BUCKET}/${storage.folder}: the store refuses these credentials ` +
              '(AccessDenied: Access Denied); grant s3:DeleteObject (docs/storage.md)',
          ],
        ],
      );
      assert.deepEqual(await objects.list(BUCKET, `${storage.folder}/`), before);
      gate.open();
      assert.deepEqual((await collect()).warnings, []);
      const after = await objects.list(BUCKET, `${storage.folder}/`);
      assert.equal(before.length - after.length, undeleted, 'what was counted is what is deleted at last');
    } finally {
      await refusing.close();
      await gate.stop();
    }
  });

  test('are set aside, so that they count as recorded no more, although the store refuses to delete', async () => {
    const { storage, run } = await newRun();
    await saveAll(run);
    const gate = await startObjectGate(server);
    const refusing = new ObjectStore(gate.server.options);
    try {
      gate.refuse(({ action }) => (action.startsWith('Delete') ? ACCESS_DENIED : undefined));
      const kept = await Promise.all([1, 2].map((level) => objects.get(BUCKET, stateKey(storage, ROUNDS, level))));
      await new RoundRecords(refusing).setAside(storage, 3, 'generation-2');
      for (const recorded of [await rounds.recorded(storage), await rounds.decided(storage)])
        assert.deepEqual([...recorded.keys()].sort(), [1, 2, 3]);
      await assert.rejects(rounds.state(storage, ROUNDS, 1), /it is not recorded$/);
      const aside = [1, 2].map((level) => setAsideKey(storage, 'generation-2', stateKey(storage, ROUNDS, level)));
      assert.deepEqual(await Promise.all(aside.map((key) => objects.get(BUCKET, key))), kept);
    } finally {
      await refusing.close();
      await gate.stop();
    }
  });

  async function needed(storage: RunFolder, round: number): Promise<string[]> {
    const states = await Promise.all([1, 2].map((level) => rounds.state(storage, round, level)));
    return states.flatMap(({ members, evaluations }) =>
      [...members, ...evaluations].flatMap((worker) => (worker?.checkpoint ? [worker.checkpoint.key] : [])),
    );
  }
});

function trainedIn(run: RecordedRun, round: number): string[] {
  const events = run.requests[round - 1]?.flatMap((request) => request.events) ?? [];
  return events.flatMap((event) =>
    event.kind === 'trained' ? [...event.members, ...event.evaluators].map(({ checkpoint }) => checkpoint.key) : [],
  );
}

class Crash extends Error {}

/** A store whose process dies after so many requests: in a deletion, with half of the keys deleted. */
class DyingStore extends ObjectStore {
  #left: number;

  constructor(server: ObjectServer, allowed: number) {
    super(server.options);
    this.#left = allowed;
  }

  #spend(): void {
    if (this.#left-- <= 0) throw new Crash();
  }

  override async get(bucket: string, key: string): Promise<Uint8Array> {
    this.#spend();
    return super.get(bucket, key);
  }

  override async deletePermitted(bucket: string, keys: readonly string[]): Promise<Undeleted> {
    if (this.#left <= 0) await super.deletePermitted(bucket, keys.slice(0, keys.length / 2));
    this.#spend();
    return super.deletePermitted(bucket, keys);
  }
}
