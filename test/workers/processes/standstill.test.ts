import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import type { PendingActivity } from '../../../workers/processes/pending-activities.ts';
import { freePort } from '../../../workers/processes/ports.ts';
import {
  describeIdleTrainers,
  findRepeatedFailures,
  formatRepeatedFailure,
  StandstillWatch,
} from '../../../workers/processes/standstill.ts';
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
      // With so little patience, the watch also finds activities that no worker has taken yet.
      const say = (line: string): void => {
        if (line.includes('no space')) said.push(line);
      };
      const watch = new StandstillWatch(harness.client, 'stuck', say, 50);
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
        await watch.stop();
      }
    });
  });
});

describe('a run whose server is down', () => {
  it('says that Temporal does not answer', async () => {
    const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
    const said: string[] = [];
    const watch = new StandstillWatch(new Client({ connection }), 'down', (line) => said.push(line), 50);
    try {
      await eventually(() => said.length > 0, 60_000, 50);
      assert.deepEqual(said, [
        'WAITING: Temporal does not answer: no answer within 5 s (the run continues when it answers again)',
      ]);
    } finally {
      await watch.stop();
      await connection.close();
    }
  });
});

describe('trainers of which none makes progress', () => {
  const at = (forSeconds: number, step = 16): PendingActivity => ({
    id: 'run/P1 7',
    activity: 'train',
    attempt: 1,
    failure: undefined,
    started: true,
    backsOff: false,
    startedBy: 'trainer-1@machine',
    told: { worker: `P1/member-${forSeconds}`, doing: 'training', step, forSeconds },
  });
  const waiting: PendingActivity = { ...at(0), started: false, told: undefined };

  it('are reported if each does one thing for long, with the one that does it for longest', () => {
    assert.equal(
      describeIdleTrainers([waiting, at(12), at(57), waiting]),
      'WAITING: no trainer has made progress for 10 s: P1/member-57 has been training after step 16 for 57 s on ' +
        'trainer-1@machine, which is normal for a large network (a trainer that hangs is killed, see --hang-after)',
    );
    assert.match(
      describeIdleTrainers([{ ...at(0), activity: 'report', told: { doing: 'reporting', forSeconds: 30 } }]) ?? '',
      /: the report has been reporting for 30 s on trainer-1@machine, /,
    );
  });

  it('are not reported if one makes progress or has only begun, or if the run waits for none', () => {
    assert.equal(describeIdleTrainers([at(57), at(3)]), undefined);
    assert.equal(describeIdleTrainers([at(57), { ...at(57), told: undefined }]), undefined);
    assert.equal(describeIdleTrainers([{ ...at(57), activity: 'recordRound' }]), undefined);
    assert.equal(describeIdleTrainers([]), undefined);
  });

  it('are reported if none works for the run, unless failures say why', () => {
    const lost = { ...waiting, attempt: 2, failure: 'activity Heartbeat timeout' };
    for (const one of [waiting, lost])
      assert.equal(
        describeIdleTrainers([waiting, one]),
        'WAITING: no trainer works on 2 activities: none is running, or all work for other runs (the run continues ' +
          'when one is free)',
      );
    for (const one of [
      { ...lost, attempt: 3 },
      { ...lost, backsOff: true },
    ])
      assert.equal(describeIdleTrainers([waiting, one]), undefined);
  });
});
