import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { progressQuery, resumeUpdate } from '../../workflows/messages.ts';
import { SMALLEST } from '../small-run.ts';
import { eventually } from './eventually.ts';
import { startFleet, type Fleet } from './fleet.ts';

describe('a run with a task that kills trainer after trainer', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet.stop());

  it('holds with a reason, and decides like an undisturbed run after it is repaired and resumed', async () => {
    const file = join(fleet.directory, 'kills');
    await fleet.work('trainer', 'test/workers/killing-trainer.ts', {
      KILLED_WORKER: 'P2/member-1',
      KILLED_AT_STEP: '33',
      KILLED_WHILE: file,
    });
    const undisturbed = await (await fleet.startRun('undisturbed', SMALLEST)).result();
    assert.deepEqual(fleet.said, []);

    writeFileSync(file, '');
    const run = await fleet.startRun('disturbed', SMALLEST);
    let holds: readonly string[] = [];
    // Each death is noticed after the heartbeat timeout of 20 s.
    await eventually(async () => (holds = (await run.query(progressQuery)).holds).length > 0, 240_000, 500);
    const why =
      "look in their logs and the kernel's for what kills them, such as too little memory or a crash in native code";
    assert.deepEqual(holds, [
      `P2/member-1 in round 2: Cannot train P2/member-1 from step 20: 5 trainers in a row were killed, or sent ` +
        `no heartbeat for 20 s; ${why} (TrainerKilled)`,
    ]);
    assert.equal(fleet.said.filter((line) => /^trainer was ended by SIGKILL/.test(line)).length, 5);

    rmSync(file);
    assert.equal(await run.executeUpdate(resumeUpdate), 'Resumed: 1 held worker retries.');
    assert.equal((await run.result()).decisionsSha256, undisturbed.decisionsSha256);
  });
});
