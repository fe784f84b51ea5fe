/**
 * `npm run record-histories -- NAME …`: records the histories that the replay tests use; without a name, all of them.
 *
 * Until the first release, record all histories anew after a change of what workflows decide or send. After it, never
 * change a recorded history: code that diverges from one would break runs in flight. Put such a change behind
 * `patched()` or in a new workflow type, and record new behaviour as a new scenario.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { executionsOfRun } from '../../activities/operations/executions.ts';
import type { RecordedExecution } from '../../activities/operations/executions.ts';
import { SMALL } from '../../test/small-run.ts';
import { QUEUE, startStoredRuns } from '../../test/workflows/stored-runs.ts';
import type { StoredRuns } from '../../test/workflows/stored-runs.ts';
import { COMPARED, COMPARISONS, SCENARIOS } from '../../test/workflows/recorded-scenarios.ts';
import type { Scenario } from '../../test/workflows/recorded-scenarios.ts';

const FOLDER = new URL('../../test/histories/', import.meta.url);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Writes a history with one event per line. Removes this machine's path from stack traces. */
async function writeHistory(file: string, json: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(
    new URL(file, FOLDER),
    formatEventPerLine(JSON.parse(json.replaceAll(ROOT, '')) as { events: unknown[] }),
  );
  console.log(file);
}

function formatEventPerLine({ events }: { readonly events: readonly unknown[] }): string {
  return `{"events": [\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

const names = process.argv.slice(2);
for (const [name, scenario] of Object.entries(SCENARIOS))
  if (names.length === 0 || names.includes(name)) await record(name, scenario);
if (names.length === 0 || names.some((name) => COMPARISONS.includes(name))) await recordComparisons();

async function recordComparisons(): Promise<void> {
  const runs = await startStoredRuns();
  const workflowId = 'recorded-comparison';
  try {
    for (const name of COMPARISONS) {
      const handle = await runs.client.workflow.start('compare', { taskQueue: QUEUE, workflowId, args: [COMPARED] });
      await handle.result();
      const { stdout } = await runs.temporal('workflow', 'show', '--workflow-id', workflowId, '--output', 'json');
      await writeHistory(`${name}.compare.${handle.firstExecutionRunId.slice(-6)}.json`, stdout);
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
      for (const execution of executions)
        if (execution.state === 'recorded') await exportHistory(runs, name, execution);
    }
  } finally {
    await runs.stop();
  }
}

/** Writes the history as the Temporal CLI exports it. */
async function exportHistory(
  runs: StoredRuns,
  name: string,
  { workflowId, runId, type }: RecordedExecution,
): Promise<void> {
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
  await writeHistory(
    `${workflowId.replace(`recorded-${name}`, name).replaceAll('/', '.')}.${type}.${runId.slice(-6)}.json`,
    stdout,
  );
}
