import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { historiesIn } from '../../../workers/replay/history-files.ts';

const RECORDED = join(import.meta.dirname, '../../histories');

describe('histories in files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-histories-'));
  const deep = join(directory, 'run/histories');
  mkdirSync(deep, { recursive: true });
  const root = join(deep, 'root.json');
  copyFileSync(recorded('failed-reset.firePbt.'), root);
  copyFileSync(recorded('plain.P2.evaluator-0.evaluator.'), join(deep, 'evaluator.json'));
  // The folder of a run has other files, some of them with `events`.
  writeFileSync(join(directory, 'run/P1.json'), JSON.stringify({ round: 1, events: [{ kind: 'trained' }] }));
  writeFileSync(join(directory, 'run/schedule.json'), '[]');
  after(() => rmSync(directory, { recursive: true }));

  async function read(...paths: string[]): Promise<string[]> {
    const found: string[] = [];
    for await (const { workflowId, runId, type, file } of historiesIn(paths))
      found.push([workflowId, runId, type, file].join(' '));
    return found;
  }

  it('are found at any depth of a folder and identified, reset ones too', async () => {
    const found = await read(directory);
    assert.equal(found.length, 2);
    assert.match(found[0]!, /^recorded-plain\/P2\/evaluator-0 [\da-f-]{36} evaluator .*evaluator\.json$/);
    assert.match(found[1]!, /^recorded-failed-reset [\da-f-]{36} firePbt .*root\.json$/);
    assert.deepEqual(await read(root), found.slice(1));
  });

  it('are refused if they are missing, damaged or no histories', async () => {
    const empty = mkdtempSync(join(directory, 'empty-'));
    const record = join(directory, 'run/P1.json');
    const damaged = join(empty, 'damaged');
    writeFileSync(damaged, '{"events": [');
    const beheaded = join(empty, 'beheaded');
    writeFileSync(
      beheaded,
      JSON.stringify({
        events: [
          { eventId: '2', eventType: 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED', workflowTaskScheduledEventAttributes: {} },
        ],
      }),
    );
    await assert.rejects(read(empty), {
      name: 'UserError',
      message: `Cannot replay ${empty}: it has no history`,
    });
    await assert.rejects(read(record), {
      name: 'UserError',
      message: `Cannot replay ${record}: it is no history in the format of \`temporal workflow show --output json\``,
    });
    await assert.rejects(read(beheaded), {
      name: 'UserError',
      message: `Cannot replay ${beheaded}: its first event is not WorkflowExecutionStarted`,
    });
    await assert.rejects(read(damaged), { name: 'UserError', message: /^Cannot replay .*damaged: .*JSON/ });
    await assert.rejects(read(join(empty, 'nowhere')), {
      name: 'UserError',
      message: /^Cannot replay .*nowhere: ENOENT/,
    });
  });
});

/** Returns the recorded history whose name begins with `prefix`. The rest of the name depends on the run's id. */
function recorded(prefix: string): string {
  const name = readdirSync(RECORDED).find((one) => one.startsWith(prefix));
  assert.ok(name, `${prefix}… is recorded`);
  return join(RECORDED, name);
}
