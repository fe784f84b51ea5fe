import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Deletion } from '../../../activities/contracts/run.ts';
import { SMALL } from '../../small-run.ts';
import { QUEUE, startStoredRuns } from '../stored-runs.ts';
import type { StoredRuns } from '../stored-runs.ts';
import type { CommandOutcome } from '../../temporal-server.ts';

describe('the deletion of a run with the Temporal CLI', { timeout: 240_000 }, () => {
  let runs: StoredRuns;
  before(async () => {
    runs = await startStoredRuns();
  });
  after(() => runs.stop());

  async function execute(input: unknown): Promise<CommandOutcome> {
    return runs.temporal(
      'workflow',
      'execute',
      '--type',
      'deleteRun',
      '--task-queue',
      QUEUE,
      '--workflow-id',
      'deletion',
      '--output',
      'json',
      '--input',
      JSON.stringify(input),
    );
  }

  async function deletion(input: unknown): Promise<Deletion> {
    const { code, stdout, stderr } = await execute(input);
    assert.equal(code, 0, `${stdout}${stderr}`);
    return (JSON.parse(stdout) as { readonly result: Deletion }).result;
  }

  it('names the objects and their size, then deletes only those', async () => {
    const short = { ...SMALL, steps: 60 };
    const [mine, like] = [await runs.result('my-run', short), await runs.result('my-run-2', short)];
    const run = mine.storage.folder;
    const others = ['my-run/beside.txt', `${run}x/beside.txt`];
    for (const key of others) await runs.objects.put('fire-pbt', key, 'x');
    const neighbours = await runs.objects.list('fire-pbt', `${like.storage.folder}/`);
    const before = await runs.objects.list('fire-pbt', `${mine.storage.folder}/`);

    const said = await deletion({ run });
    assert.equal(said.deleted, false);
    assert.equal(said.objects, before.length);
    assert.equal(
      said.sizeBytes,
      before.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    );
    assert.deepEqual(Object.keys(said.folders), [
      'checkpoints',
      'decisions',
      'histories',
      'result',
      'rounds',
      'specification.json',
    ]);
    assert.match(said.next, /"confirm": true/);
    assert.deepEqual(await runs.objects.list('fire-pbt', `${mine.storage.folder}/`), before);

    assert.equal((await deletion({ run, confirm: true })).deleted, true);
    assert.deepEqual(await runs.objects.list('fire-pbt', `${mine.storage.folder}/`), []);
    assert.deepEqual(await runs.objects.list('fire-pbt', `${like.storage.folder}/`), neighbours);
    for (const key of others) assert.ok(await runs.objects.exists('fire-pbt', key), key);
    assert.deepEqual(await deletion({ run, confirm: true }), {
      run,
      bucket: 'fire-pbt',
      objects: 0,
      sizeBytes: 0,
      folders: {},
      deleted: false,
      next: `Nothing: there is no object under s3://fire-pbt/${run}/`,
    });
  });

  it('refuses to delete a running run', async () => {
    const handle = await runs.start('running', { ...SMALL, steps: 2000 });
    await runs.reached('running', ({ round }) => round >= 1);
    const { code, stdout, stderr } = await execute({ run: `running/${handle.firstExecutionRunId}`, confirm: true });
    assert.equal(code, 1);
    assert.match(
      stdout + stderr,
      /Cannot delete s3:\/\/fire-pbt\/running\/[^:]+: workflow running is running\. Stop, cancel or terminate it first/,
    );
    await handle.terminate();
    assert.equal((await deletion({ run: `running/${handle.firstExecutionRunId}`, confirm: true })).deleted, true);
  });

  it('refuses everything that is not the folder of one run', async () => {
    for (const input of [
      {},
      'my-run',
      { run: 'my-run' },
      { run: '' },
      { run: '/' },
      { run: '../..' },
      { run: 'a/..' },
      { run: './b' },
      { run: 'a/b/c' },
      { run: 'a/b/' },
      { run: 'a/b', confirm: 'yes' },
      { run: 'a/b', bucket: '../x' },
      { run: 'a/b', force: true },
    ]) {
      const { code, stdout, stderr } = await execute(input);
      assert.equal(code, 1, JSON.stringify(input));
      assert.match(stdout + stderr, /Expected `\w+` to be /);
    }
  });
});
