/**
 * Records the histories that `replayer.test.ts` replays: `npm run record-histories -- NAME …`, or all without a name.
 *
 * Until the first release, a change of what workflows decide or send records all of them anew. From then on they are
 * never edited: a change that makes one of them diverge would break runs in flight, and belongs behind `patched()` or
 * in a new workflow type; new behaviour gets a new scenario under a new name.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { executionsOfRun } from '../../activities/operations/executions.ts';
import type { RecordedExecution } from '../../activities/operations/executions.ts';
import { QUEUE, SMALL, startStoredRuns } from '../../test/workflows/stored-runs.ts';
import type { StoredRuns } from '../../test/workflows/stored-runs.ts';
import { COMPARED, COMPARISONS, SCENARIOS } from '../../test/workflows/recorded-scenarios.ts';
import type { Scenario } from '../../test/workflows/recorded-scenarios.ts';

const FOLDER = new URL('../../test/histories/', import.meta.url);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Stack traces name the folder they were made in, which is nobody's business. One event a line: small enough to commit,
 * and to compare.
 */
async function keep(file: string, shown: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(
    new URL(file, FOLDER),
    oneEventALine(JSON.parse(shown.replaceAll(ROOT, '')) as { events: unknown[] }),
  );
  console.log(file);
}

function oneEventALine({ events }: { readonly events: readonly unknown[] }): string {
  return `{"events": [\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

const named = process.argv.slice(2);
for (const [name, scenario] of Object.entries(SCENARIOS))
  if (named.length === 0 || named.includes(name)) await record(name, scenario);
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

async function record(name: string, { dynamicConfig = [], input, before, play }: Scenario): Promise<void> {
  const runs = await startStoredRuns({ dynamicConfig });
  const workflowId = `recorded-${name}`;
  try {
    const handle = await runs.start(workflowId, before ? await before(runs) : (input ?? { ...SMALL, steps: 120 }));
    await play?.(runs, handle);
    await runs.client.workflow
      .getHandle(workflowId)
      .result()
      .catch((error: unknown) => console.log(`${workflowId} failed: ${String(error)}`));
    for await (const executions of executionsOfRun(runs.client, workflowId)) {
      for (const execution of executions) if (execution.state === 'recorded') await write(runs, name, execution);
    }
  } finally {
    await runs.stop();
  }
}

/** As the stock CLI exports it. */
async function write(runs: StoredRuns, name: string, { workflowId, runId, type }: RecordedExecution): Promise<void> {
  const { stdout } = await runs.temporal(
    'workflow',
    'show',
    '--workflow-id',
    workflowId,
    '--run-id',
    runId,
    '--output',
    'json',
  );
  await keep(
    `${workflowId.replace(`recorded-${name}`, name).replaceAll('/', '.')}.${type}.${runId.slice(-6)}.json`,
    stdout,
  );
}
