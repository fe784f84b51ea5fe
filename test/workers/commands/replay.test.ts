import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../../../workers/processes/ports.ts';
import { failAndReset } from '../../workflows/run/failed-run.ts';
import type { FailedRun } from '../../workflows/run/failed-run.ts';
import { startHarness } from '../../workflows/run-harness.ts';
import type { Harness } from '../../workflows/run-harness.ts';
import { createStandIns, toySpecification } from '../../workflows/stand-ins.ts';

const ROOT = join(import.meta.dirname, '../../..');
const WORKFLOW_ID = 'my-run';
const TINY = toySpecification({ steps: 20, subPopulations: [{ members: 4, evaluators: 0 }] });

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

describe('npm run replay', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-replay-'));
  const histories = join(directory, 'histories');
  let harness: Harness;
  let run: FailedRun;

  before(async () => {
    harness = await startHarness(['limit.historyCount.suggestContinueAsNew=40']);
    await harness.withWorkers('replay', createStandIns(), async () => {
      run = await failAndReset(harness.client, WORKFLOW_ID, 'replay');
      await harness.client.workflow.execute('compare', {
        workflowId: 'compared',
        taskQueue: 'replay',
        args: [{ arms: { pbt: TINY }, seeds: [0] }],
      });
    });
  });
  after(async () => {
    await harness.stop();
    rmSync(directory, { recursive: true });
  });

  it('replays and exports all executions of a run that continued as new, failed and was reset', async () => {
    const live = await replay('--workflow-id', WORKFLOW_ID, '--export', histories);
    assert.equal(live.code, 0, live.output);
    const counts = /^Replayed (\d+) executions of 5 workflows, [\d,]+ events: all decide the same$/m.exec(live.output);
    assert.ok(counts, live.output);
    const files = readdirSync(histories);
    assert.equal(files.length, Number(counts[1]));
    for (const runId of [run.firstRunId, run.lastRunId]) assert.ok(files.includes(`root.${runId}.json`));
    const exported = await replay('--from', histories);
    assert.equal(exported.code, 0, exported.output);
    assert.ok(exported.output.includes(counts[0]), exported.output);
  });

  it('replays one run of a root, and a comparison with its runs', async () => {
    const [one, compared] = await Promise.all([
      replay('--workflow-id', WORKFLOW_ID, '--run-id', run.firstRunId),
      replay('--workflow-id', 'compared'),
    ]);
    assert.match(one.output, /^Replayed \d+ executions of 5 workflows, .*: all decide the same$/m);
    assert.match(compared.output, /^Replayed 3 executions of 3 workflows, .*: all decide the same$/m);
    assert.deepEqual([one.code, compared.code], [0, 0]);
  });

  it('names workflow and event of a divergence, and accepts histories without decisions', async () => {
    const broken = join(directory, 'broken');
    mkdirSync(broken);
    const root = JSON.parse(readFileSync(join(histories, `root.${run.lastRunId}.json`), 'utf8')) as {
      events: { eventId: string; activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
    };
    const event = root.events.find(
      ({ activityTaskScheduledEventAttributes }) =>
        activityTaskScheduledEventAttributes?.activityType.name === 'findLatestRound',
    );
    event!.activityTaskScheduledEventAttributes!.activityType.name = 'findNothing';
    writeFileSync(join(broken, 'root.json'), JSON.stringify(root));
    const unknown = readFileSync(join(histories, `root.${run.firstRunId}.json`), 'utf8').replaceAll(
      '"workflowType":{"name":"firePbt"}',
      '"workflowType":{"name":"icePbt"}',
    );
    writeFileSync(join(broken, 'unknown.json'), unknown);
    writeFileSync(join(broken, 'waiting.json'), JSON.stringify({ events: root.events.slice(0, 2) }));
    const { code, output } = await replay(
      '--from',
      broken,
      join(
        histories,
        readdirSync(histories).find((file) => file.startsWith('P2.'))!,
      ),
    );
    assert.equal(code, 1);
    const lines = output.trim().split('\n');
    assert.deepEqual(lines, [
      `${WORKFLOW_ID}, run ${run.lastRunId}, firePbt: diverges at event ${event!.eventId}, ` +
        'ActivityTaskScheduled: [TMPRL1100] Nondeterminism error: ' +
        `Activity type of scheduled event 'findNothing' does not match activity type of activity command ` +
        `'findLatestRound' (${join(broken, 'root.json')})`,
      `${WORKFLOW_ID}, run ${run.firstRunId}, icePbt: diverges at event 4, WorkflowTaskCompleted: expected the ` +
        'workflow type to be one of firePbt, pbt, randomSearch, retrace, compare, deleteRun, subPopulation, ' +
        'evaluator ' +
        `(${join(broken, 'unknown.json')})`,
      lines[2],
    ]);
    assert.match(lines[2]!, /^Replayed 4 executions of 2 workflows, \d+ events: 2 diverge$/);
  });

  it('says in one line which run or server it cannot find', async () => {
    const elsewhere = `127.0.0.1:${await freePort()}`;
    const ended = await Promise.all([
      replay('--workflow-id', 'unheard-of'),
      replay('--workflow-id', WORKFLOW_ID, '--run-id', 'no-run'),
      replayAt(elsewhere, '--workflow-id', WORKFLOW_ID),
    ]);
    const [unknown, badRun, unreachable] = ended.map(({ output }) => output);
    assert.match(
      unknown!,
      /^Cannot replay unheard-of: there is no such workflow on 127\.0\.0\.1:\d+, namespace default$/m,
    );
    assert.match(badRun!, /^Cannot replay my-run, run no-run: .*[Rr]un.*$/m);
    assert.match(
      unreachable!,
      new RegExp(
        `^Cannot connect to Temporal at ${elsewhere}, namespace default: .*; start a local stack with ` +
          `.npm run stack -- --directory \\S+.$`,
        'm',
      ),
    );
    for (const { code, output } of ended) {
      assert.equal(code, 1, output);
      assert.doesNotMatch(output, /\n\s+at /);
    }
  });

  async function replay(...options: string[]): Promise<Ended> {
    return replayAt(harness.address, ...options);
  }

  async function replayAt(address: string, ...options: string[]): Promise<Ended> {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'workers/commands/replay.ts', '--directory', directory, ...options],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'default' },
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }
});
