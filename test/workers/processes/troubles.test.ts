import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { findTroubles, StandstillWatch, formatTrouble } from '../../../workers/processes/troubles.ts';
import { startHarness } from '../../workflows/run-harness.ts';
import type { Harness } from '../../workflows/run-harness.ts';
import { createStandIns, toySpecification } from '../../workflows/stand-ins.ts';
import { eventually } from '../eventually.ts';

describe('a run that gets nowhere', () => {
  let harness: Harness;

  before(async () => {
    harness = await startHarness();
  });
  after(() => harness.stop());

  it('tells once what keeps failing, by reason rather than by object, and again after progress', async () => {
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
        watch.reached('round 0');
        await eventually(async () => (await findTroubles(harness.client, 'stuck'))[0]?.pending === 8, 60_000, 100);
        const [trouble] = await findTroubles(harness.client, 'stuck');
        assert.ok(trouble);
        assert.match(
          formatTrouble(trouble),
          new RegExp(
            String.raw`^WAITS: Cannot put s3:\/\/bucket\/…: no space left \(8 activities, train, tried up ` +
              String.raw`to \d+ times; goes on by itself when that is over\)$`,
          ),
        );
        // It goes on looking, at activities that have been tried more often.
        await eventually(
          async () => ((await findTroubles(harness.client, 'stuck'))[0]?.attempts ?? 0) > trouble.attempts,
          60_000,
          100,
        );
        assert.equal(said.length, 1);
        watch.reached('round 1');
        await eventually(() => said.length === 2);
        assert.match(said[1] ?? '', /^WAITS: Cannot put s3:\/\/bucket\/…: no space left /);
        full = false;
        await handle.result();
        assert.deepEqual(await findTroubles(harness.client, 'stuck'), []);
      } finally {
        watch.stop();
      }
    });
  });
});
