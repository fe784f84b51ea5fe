/**
 * Records the histories that `replay.test.ts` replays: `node --import tsx test/workflows/record-histories.ts NAME …`, or all without a name.
 *
 * Recordings are made once, by the code that a release ran, and are never edited: a change that makes one of them fail to replay would break
 * runs in flight, and belongs behind `patched()` or in a new workflow type. New behaviour gets a new recording beside the old ones.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Long from 'long';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { firePbt } from '../../workflows/fire-pbt.ts';
import { extendUpdate, pauseUpdate, progressQuery, resumeUpdate, setHyperparametersUpdate, stopEarlySignal } from '../../workflows/messages.ts';
import type { RunProgress } from '../../workflows/messages.ts';
import { temporalCommand } from '../temporal-server.ts';
import { QUEUE, startStoredRuns } from './stored-runs.ts';
import { createStandIns, toySpecification } from './stand-ins.ts';
import type { Script, StandIns } from './stand-ins.ts';
import { startHarness } from './run-harness.ts';

const FOLDER = new URL('../histories/', import.meta.url);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const SMALL = toySpecification({
  steps: 120,
  subPopulations: [
    { members: 4, evaluators: 0 },
    { members: 4, evaluators: 2 },
  ],
});

interface Scenario {
  readonly dynamicConfig?: readonly string[];
  readonly script?: () => Script & { readonly mend?: () => void };
  readonly play?: (handle: WorkflowHandle<typeof firePbt>, client: Client, mend: () => void) => Promise<void>;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  plain: {},
  'continued-as-new': { dynamicConfig: ['limit.historyCount.suggestContinueAsNew=40'] },
  'stopped-early': {
    play: async (handle) => {
      await reached(handle, ({ round }) => round >= 1);
      await handle.signal(stopEarlySignal, { subPopulation: 2, evaluator: 0, reason: 'looks pointless' });
      await handle.signal(stopEarlySignal, { subPopulation: 1, member: 3, reason: 'looks hopeless' });
      await handle.signal(stopEarlySignal, { reason: 'good enough' });
    },
  },
  'paused-set-extended': {
    play: async (handle) => {
      await reached(handle, ({ round }) => round >= 1);
      await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'lunch' }] });
      await handle.executeUpdate(setHyperparametersUpdate, { args: [{ subPopulation: 1, member: 0, hyperparameters: { h: 0.5 }, reason: 'try it' }] });
      await handle.executeUpdate(resumeUpdate);
      await handle.executeUpdate(extendUpdate, { args: [{ steps: 160 }] });
    },
  },
  'held-resumed': {
    script: () => {
      let broken = true;
      return {
        beforeTraining: ({ worker, fromStep }) => {
          if (broken && worker.subPopulation === 2 && worker.index === 1 && fromStep === 60) throw ApplicationFailure.nonRetryable('boom', 'BrokenTask');
        },
        mend: () => {
          broken = false;
        },
      };
    },
    play: async (handle, _, mend) => {
      await reached(handle, ({ holds }) => holds.length === 2);
      mend();
      await handle.executeUpdate(resumeUpdate);
    },
  },
  'failed-reset': {
    play: async (handle, client) => {
      await reached(handle, ({ round }) => round >= 2);
      await client.workflow.getHandle(`${handle.workflowId}/P2`).terminate('recording');
      await handle.result().catch(() => undefined);
      await client.workflowService.resetWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: handle.workflowId },
        reason: 'recording',
        workflowTaskFinishEventId: Long.fromNumber(3),
        requestId: randomUUID(),
      });
    },
  },
};

/** Comparisons look into the bucket: they are recorded with the activities that ship. The runs of one are recorded above. */
const COMPARED = {
  arms: {
    FIRE: { ...SMALL, steps: 60, storage: { bucket: 'test' } },
    PBT: { ...SMALL, steps: 60, subPopulations: [{ members: 4 }], storage: { bucket: 'test' } },
  },
  seeds: [0],
};
/** 'compared-once' is by the code from before comparisons could be resumed, which is there for replay only; 'compared-again' has nothing left to train. */
const COMPARISONS = ['compared-resumably', 'compared-again'];

async function reached(handle: WorkflowHandle<typeof firePbt>, enough: (progress: RunProgress) => boolean): Promise<void> {
  while (!enough(await handle.query(progressQuery)));
}

/** Stack traces name the folder they were made in, which is nobody's business. One event a line: small enough to commit, and to compare. */
async function keep(file: string, shown: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(new URL(file, FOLDER), oneEventALine(JSON.parse(shown.replaceAll(ROOT, '')) as { events: unknown[] }));
  console.log(file);
}

function oneEventALine({ events }: { readonly events: readonly unknown[] }): string {
  return `{"events": [\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

const named = process.argv.slice(2);
for (const [name, scenario] of Object.entries(SCENARIOS)) if (named.length === 0 || named.includes(name)) await record(name, scenario);
if (named.length === 0 || named.some((name) => COMPARISONS.includes(name))) await recordComparisons();

async function recordComparisons(): Promise<void> {
  const runs = await startStoredRuns();
  const workflowId = 'recorded-comparison';
  try {
    for (const name of COMPARISONS) {
      const handle = await runs.client.workflow.start('compare', { taskQueue: QUEUE, workflowId, args: [COMPARED] });
      await handle.result();
      const { stdout } = await runs.temporal('workflow', 'show', '--workflow-id', workflowId, '--output', 'json');
      await keep(`${name}.compare.${handle.firstExecutionRunId.slice(-6)}.json`, stdout);
    }
  } finally {
    await runs.stop();
  }
}

async function record(name: string, { dynamicConfig = [], script, play }: Scenario): Promise<void> {
  const harness = await startHarness(dynamicConfig);
  const { mend, ...scripted } = script?.() ?? {};
  const activities: StandIns = createStandIns(scripted);
  const taskQueue = 'recording';
  const workflowId = `recorded-${name}`;
  try {
    await harness.withWorkers(taskQueue, activities, async () => {
      const handle = await harness.client.workflow.start(firePbt, { taskQueue, workflowId, args: [SMALL] });
      await play?.(handle, harness.client, () => mend?.());
      await harness.client.workflow.getHandle(workflowId).result();
      for await (const { workflowId: id, runId, type } of harness.client.workflow.list({ query: `WorkflowId STARTS_WITH "${workflowId}"` })) {
        const shown = ['workflow', 'show', '--address', harness.address, '--workflow-id', id, '--run-id', runId, '--output', 'json'];
        const { stdout } = await promisify(execFile)(temporalCommand(), shown, { maxBuffer: 1 << 28 });
        await keep(`${id.replace(`recorded-${name}`, name).replaceAll('/', '.')}.${type}.${runId.slice(-6)}.json`, stdout);
      }
    });
  } finally {
    await harness.stop();
  }
}
