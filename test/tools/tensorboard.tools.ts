/** What TensorBoard shows of an exported run, while it trains and afterwards. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { workersOf } from '../../activities/export/tables.ts';
import { GrowingRun, ROUNDS, SPECIFICATION } from '../activities/export/growing-run.ts';
import { startOnFreePort, startServerProcess, type ServerProcess } from '../server-process.ts';
import { startCommand } from '../workers/command.ts';
import { eventually } from '../workers/eventually.ts';
import { answers, ask, toolPath } from './tool-servers.ts';

/** Wall time, step, value. */
type Point = readonly [number, number, number];

interface SessionGroup {
  readonly name: string;
  readonly hparams: Readonly<Record<string, number | string>>;
  readonly metricValues: readonly { readonly name: { readonly tag: string }; readonly value: number }[];
}

const HALF = ROUNDS / 2;
const STATUSES = ['STATUS_UNKNOWN', 'STATUS_SUCCESS', 'STATUS_FAILURE', 'STATUS_RUNNING'];
const ALL_SESSIONS = { experimentName: '', allowedStatuses: STATUSES, colParams: [], startIndex: 0, sliceSize: 1_000 };

describe('TensorBoard', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-tensorboard-'));
  let run: GrowingRun;
  let server: ServerProcess;
  let data: string;
  before(async () => {
    run = await GrowingRun.start();
    const started = await startOnFreePort((port) =>
      startServerProcess(
        {
          command: toolPath('tensorboard'),
          args: ['--logdir', join(directory, 'tensorboard'), '--port', String(port), '--reload_interval', '1'],
        },
        () => answers(`http://127.0.0.1:${port}/data/runs`),
      ),
    );
    server = started.server;
    data = `http://127.0.0.1:${started.port}/data`;
  });
  after(async () => {
    await server.end('SIGTERM');
    await run.stop();
    rmSync(directory, { recursive: true });
  });

  const pointsOf = (worker: string, tag: string): Promise<readonly Point[]> =>
    ask(`${data}/plugin/scalars/scalars?run=${encodeURIComponent(worker)}&tag=${encodeURIComponent(tag)}`);
  const lastStep = async (worker: string): Promise<number | undefined> =>
    (await answers(`${data}/plugin/scalars/scalars?run=${encodeURIComponent(worker)}&tag=score`))
      ? (await pointsOf(worker, 'score')).at(-1)?.[1]
      : undefined;

  it('shows each round of a run that is followed, and all scores and hyperparameters at its end', async () => {
    await run.recordTo(HALF);
    const following = startCommand(
      'export.ts',
      ['--run', 'a-run', '--bucket', 'test', '--output', directory, '--follow'],
      run.environment,
    );
    await eventually(async () => (await lastStep('P1/member-0')) === HALF * SPECIFICATION.stepsPerRound, 60_000);
    const story = await run.finish();
    await eventually(async () => (await lastStep('P1/member-0')) === SPECIFICATION.steps, 60_000);
    assert.equal(await following.exitCode, 0, following.errors());
    for (const { worker, curve, hyperparameters } of workersOf(story)) {
      if (curve.length === 0) continue;
      await eventually(async () => (await lastStep(worker)) === curve.at(-1)?.[0], 60_000);
      // TensorBoard shows a sample of at most 1,000 points, and these are fewer.
      assert.deepEqual(
        (await pointsOf(worker, 'score')).map(([, step, value]) => [step, value]),
        curve.map(([step, score]) => [step, Math.fround(Number(score))]),
      );
      assert.deepEqual(
        (await pointsOf(worker, 'hyperparameters/h')).map(([, step, value]) => [step, value]),
        hyperparameters.map(({ fromStep, hyperparameters: { h } }) => [fromStep, Math.fround(Number(h))]),
      );
    }
  });

  it('lists each worker in the table of hyperparameters, with its newest score', async () => {
    const story = await run.finish();
    const trained = workersOf(story).filter(({ curve }) => curve.length > 0);
    const { sessionGroups } = await ask<{ readonly sessionGroups: readonly SessionGroup[] }>(
      `${data}/plugin/hparams/session_groups`,
      ALL_SESSIONS,
    );
    const scoreOf = ({ metricValues }: SessionGroup): number | undefined =>
      metricValues.find(({ name }) => name.tag === 'score')?.value;
    assert.deepEqual(
      new Map(sessionGroups.map((group) => [group.name, scoreOf(group)])),
      new Map(trained.map(({ worker, curve }) => [worker, Math.fround(Number(curve.at(-1)?.[1]))])),
    );
    for (const { hparams } of sessionGroups) assert.equal(typeof hparams['h'], 'number');
  });
});
