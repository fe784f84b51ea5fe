/** What an MLflow server has of a run that was posted to it, round by round and twice. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { workersOf } from '../../activities/export/tables.ts';
import type { RunStory } from '../../activities/runs/story.ts';
import { GrowingRun, ROUNDS, SPECIFICATION } from '../activities/export/growing-run.ts';
import { startOnFreePort, startServerProcess, type ServerProcess } from '../server-process.ts';
import { runCommand, startCommand, type Ended } from '../workers/command.ts';
import { eventually } from '../workers/eventually.ts';
import { answers, ask, toolPath } from './tool-servers.ts';

interface MlflowRun {
  readonly info: { readonly run_id: string; readonly run_name: string; readonly status: string };
  readonly data: {
    readonly metrics?: readonly { readonly key: string; readonly value: number; readonly step: number }[];
    readonly params?: readonly { readonly key: string; readonly value: string }[];
    readonly tags: readonly { readonly key: string; readonly value: string }[];
  };
}

const HALF = ROUNDS / 2;

describe('an MLflow server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-mlflow-'));
  let run: GrowingRun;
  let server: ServerProcess;
  let port: number;
  let story: RunStory;
  before(async () => {
    run = await GrowingRun.start();
    ({ port, server } = await startOnFreePort(startMlflow));
  });
  after(async () => {
    await server.end('SIGTERM');
    await run.stop();
    rmSync(directory, { recursive: true });
  });

  it('gets each round of a run that is followed, also after it was away', async () => {
    await run.recordTo(HALF);
    const following = startCommand('export.ts', [...options(), '--follow'], environment());
    await eventually(async () => (await bestScores()).length === HALF, 120_000);
    await server.end('SIGKILL');
    story = await run.finish();
    await eventually(() => following.errors().includes(`Cannot post to MLflow at http://127.0.0.1:${port}: `), 60_000);
    assert.match(following.errors(), /\. Tries again\.\n$/);
    server = await startMlflow(port);
    assert.equal(await following.exitCode, 0, following.errors());
    assert.equal((await bestScores()).length, ROUNDS);
  });

  it('has all scores and hyperparameters of every worker once, however often they were posted', async () => {
    const again = await post();
    assert.deepEqual([again.code, again.errors], [0, '']);
    assert.match(again.output, /^Posted 20 rounds to http:\/\/127\.0\.0\.1:\d+\/#\/experiments\/\d+\n$/);
    const trained = workersOf(story).filter(({ curve }) => curve.length > 0);
    const found = new Map((await runs()).map((one) => [one.info.run_name, one]));
    assert.deepEqual([...found.keys()].sort(), ['a-run/first', ...trained.map(({ worker }) => worker)].sort());
    const whole = found.get('a-run/first')?.info.run_id;
    for (const { worker, curve, hyperparameters } of trained) {
      const one = found.get(worker);
      assert.ok(one);
      assert.equal(one.info.status, 'FINISHED');
      assert.equal(one.data.tags.find(({ key }) => key === 'mlflow.parentRunId')?.value, whole);
      assert.deepEqual(await metric(one, 'score'), curve);
      assert.deepEqual(
        await metric(one, 'hyperparameters/h'),
        hyperparameters.map(({ fromStep, hyperparameters: { h } }) => [fromStep, h]),
      );
    }
  });

  it('has the specification and the scores of the winner', async () => {
    const whole = (await runs()).find(({ info }) => info.run_name === 'a-run/first');
    assert.ok(whole);
    const parameters = Object.fromEntries(whole.data.params?.map(({ key, value }) => [key, value]) ?? []);
    assert.deepEqual(
      [parameters['algorithm'], parameters['task.kind'], parameters['evaluation.significance']],
      ['fire-pbt', 'toy', '0.01'],
    );
    const metrics = Object.fromEntries(whole.data.metrics?.map(({ key, value }) => [key, value]) ?? []);
    assert.deepEqual([metrics['test score'], metrics['objective']], [0.9, 1]);
    assert.equal(parameters['steps'], String(SPECIFICATION.steps));
  });

  function startMlflow(on: number): Promise<ServerProcess> {
    const store = `sqlite:///${join(directory, 'mlflow.db')}`;
    const args = ['server', '--port', String(on), '--workers', '1', '--backend-store-uri', store];
    return startServerProcess({ command: toolPath('mlflow'), args }, () => answers(`http://127.0.0.1:${on}/health`));
  }

  function options(): string[] {
    return ['--run', 'a-run', '--bucket', 'test', '--mlflow'];
  }

  function environment(): Readonly<Record<string, string>> {
    return { ...run.environment, MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}/` };
  }

  function post(): Promise<Ended> {
    return runCommand('export.ts', options(), environment());
  }

  function api(path: string): string {
    return `http://127.0.0.1:${port}/api/2.0/mlflow/${path}`;
  }

  async function runs(): Promise<readonly MlflowRun[]> {
    const known = await fetch(api('experiments/get-by-name?experiment_name=a-run'));
    if (!known.ok) return [];
    const { experiment } = (await known.json()) as { readonly experiment: { readonly experiment_id: string } };
    const found = await ask<{ readonly runs?: readonly MlflowRun[] }>(api('runs/search'), {
      experiment_ids: [experiment.experiment_id],
      max_results: 1_000,
    });
    return found.runs ?? [];
  }

  /** Returns the steps and values of a metric. */
  async function metric({ info }: MlflowRun, key: string): Promise<readonly (readonly [number, number])[]> {
    const { metrics = [] } = await ask<{ readonly metrics?: readonly { step: number; value: number }[] }>(
      api(`metrics/get-history?run_id=${info.run_id}&metric_key=${encodeURIComponent(key)}`),
    );
    return metrics.map(({ step, value }) => [step, value] as const).sort(([a], [b]) => a - b);
  }

  async function bestScores(): Promise<readonly (readonly [number, number])[]> {
    const whole = (await runs()).find(({ info }) => info.run_name === 'a-run/first');
    return whole ? metric(whole, 'best score') : [];
  }
});
