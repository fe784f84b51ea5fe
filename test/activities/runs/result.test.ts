/** The result of a run, composed from its recorded rounds in a real object store. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { writeResult } from '../../../activities/runs/result.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import type { ResultSummary } from '../../../activities/contracts/result.ts';
import type { RoundEvent } from '../../../workflows/population/events.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { recordRun, resultRequest, saveRound } from './recorded-run.ts';

const SPECIFICATION = toySpecification();

describe('the result of a run', () => {
  let server: ObjectServer;
  let objects: ObjectStore;
  let rounds: RoundRecords;
  before(async () => {
    server = await startObjectServer();
    objects = new ObjectStore(server.options);
    await objects.ensureBucket('test');
    rounds = new RoundRecords(objects);
  });
  after(async () => {
    await objects.close();
    await server.stop();
  });

  /** Records the same run in a folder, with further events at the beginning of its rounds, and writes its result. */
  async function resultOf(
    folder: string,
    added: (round: number, level: number) => RoundEvent[],
  ): Promise<ResultSummary> {
    const storage = { bucket: 'test', folder };
    const run = await recordRun(SPECIFICATION, storage);
    for (const request of run.requests.flat()) {
      const { round, subPopulation, events } = request;
      await saveRound(rounds, { ...request, events: [...added(round, subPopulation), ...events] });
    }
    return writeResult(objects, rounds, { ...resultRequest(run, SPECIFICATION, storage), workflowId: 'my-run' });
  }

  it('names the code that decided each round, and its digest of decisions does not depend on it', async () => {
    const unnamed = await resultOf('unnamed/first', () => []);
    assert.equal(unnamed.decisionsSha256, '60fc91a3295249a3982c626f683db5007d9e9aa59a35fe06a3c0406d2c9bcb8b');
    assert.deepEqual(unnamed.decidedBy, []);
    const changes = { 1: 'old', 4: 'new' } as Readonly<Record<number, string>>;
    const named = await resultOf('named/first', (round) => {
      const code = changes[round];
      return code === undefined ? [] : [{ kind: 'decided-by', code, fromRound: round }];
    });
    assert.equal(named.decisionsSha256, unnamed.decisionsSha256);
    assert.deepEqual(named.decidedBy, [
      { code: 'old', fromRound: 1 },
      { code: 'new', fromRound: 4 },
    ]);
    const text = Buffer.from(await objects.get('test', named.resultKey)).toString();
    const written = JSON.parse(text) as ResultSummary & { readonly decisions: unknown };
    assert.deepEqual(written.decidedBy, named.decidedBy);
    assert.equal(JSON.stringify(written.decisions).includes('decided-by'), false, 'it is no decision');
  });
});
