import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { progressQuery, resumeUpdate } from '../../workflows/messages.ts';
import { SMALLEST } from '../small-run.ts';
import { eventually } from './eventually.ts';
import { startFleet, type Fleet } from './fleet.ts';

describe('a run with a task that crashes computing process after computing process', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet.stop());

  it('holds with a reason, and decides like an undisturbed run after it is repaired and resumed', async () => {
    const file = join(fleet.directory, 'crashes');
    await fleet.work('trainer', 'test/workers/troubled-trainer.ts', {
      TROUBLE: 'SIGSEGV',
      TROUBLE_OF: 'P2/member-1',
      TROUBLE_AT: '33',
      TROUBLE_WHILE: file,
      // With none, every death is one more at the same step, however slow the machine is.
      PARTIAL_EVERY_MS: '3600000',
    });
    const undisturbed = await (await fleet.startRun('undisturbed', SMALLEST)).result();
    assert.deepEqual(fleet.said, []);

    writeFileSync(file, '');
    const run = await fleet.startRun('disturbed', SMALLEST);
    let holds: readonly string[] = [];
    await eventually(async () => (holds = (await run.query(progressQuery)).holds).length > 0, 120_000, 500);
    assert.equal(holds.length, 1);
    assert.match(
      holds[0] ?? '',
      new RegExp(
        String.raw`^P2/member-1 in round 2: Cannot train P2/member-1 from step 20: 5 trainers in a row ` +
          String.raw`were killed, or sent no heartbeat for 6 s(, the last at step \d+ or later)?; the computing ` +
          String.raw`process of the last was ended by SIGSEGV while training after step \d+; look in their logs and ` +
          String.raw`the kernel's for what kills them, such as too little memory or a crash in native code ` +
          String.raw`\(TrainerKilled\)$`,
      ),
    );
    assert.deepEqual(fleet.said, [], 'the trainer itself goes on');

    rmSync(file);
    assert.equal(await run.executeUpdate(resumeUpdate), 'Resumed: 1 held worker retries.');
    assert.equal((await run.result()).decisionsSha256, undisturbed.decisionsSha256);
  });
});
