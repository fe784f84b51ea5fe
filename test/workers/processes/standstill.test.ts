import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { findRepeatedFailures, StandstillWatch, formatRepeatedFailure } from '../../../workers/processes/standstill.ts';
import { startHarness } from '../../workflows/run-harness.ts';
import type { Harness } from '../../workflows/run-harness.ts';
import { createStandIns, toySpecification } from '../../workflows/stand-ins.ts';
import { eventually } from '../eventually.ts';

describe('a run without progress', () => {
  let harness: Harness;

  before(async () => {
    harness = await startHarness();
  });
  after(() => harness.stop());

  it('reports each repeated failure once, by reason rather than by object, and again after progress', async () => {
    let full = true;
    const standIns = createStandIns({
      beforeTraining: ({ worker }) => {
        if (full) throw new Error(`Cannot put s3://bucket/${worker.index}/object: no space left`);
      },
    });
    await harness.withWorkers('stuck', standIns, async () => {
      const said: string[] = [];
      const handle = await harness.client.workflow.start('firePbt', {
        workflowId: 'stuck',
        taskQueue: 'stuck',
        args: [
          toySpecification({
            subPopulations: [
              { members: 4, evaluators: 0 },
              { members: 4, evaluators: 3 },
            ],
          }),
        ],
      });
      const watch = new StandstillWatch(harness.client, 'stuck', (line) => said.push(line), 50);
      try {
        watch.notePosition('round 0');
        const find = () => findRepeatedFailures(harness.client, 'stuck');
        await eventually(async () => (await find())[0]?.pending === 8, 60_000, 100);
        const [failure] = await find();
        assert.ok(failure);
        assert.match(
          formatRepeatedFailure(failure),
          new RegExp(
            String.raw`^WAITING: Cannot put s3:\/\/bucket\/…: no space left \(8 activities, train, up to ` +
              String.raw`\d+ attempts; the run continues when this is over\)$`,
          ),
        );
        // The watch keeps checking: the activities have more attempts later.
        await eventually(async () => ((await find())[0]?.attempts ?? 0) > failure.attempts, 60_000, 100);
        assert.equal(said.length, 1);
        watch.notePosition('round 1');
        await eventually(() => said.length === 2);
        assert.match(said[1] ?? '', /^WAITING: Cannot put s3:\/\/bucket\/…: no space left /);
        full = false;
        await handle.result();
        assert.deepEqual(await find(), []);
      } finally {
        watch.stop();
      }
    });
  });
});
