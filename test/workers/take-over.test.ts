/** A run that another orchestrator takes over, whose workflows are other code. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DecisionCode } from '../../workflows/population/state.ts';
import type { ResultSummary } from '../../activities/contracts/result.ts';
import { pauseUpdate, progressQuery, resumeUpdate } from '../../workflows/messages.ts';
import { describeCodes } from '../../workflows/population/decision-code.ts';
import { ROOT } from '../../workers/processes/places.mjs';
import { bundleForReplay, decisionCode } from '../../workers/processes/workflow-bundle.ts';
import { historiesIn } from '../../workers/replay/history-files.ts';
import { Replayer } from '../../workers/replay/replayer.ts';
import { SMALLEST } from '../small-run.ts';
import { poll } from './eventually.ts';
import { startFleet, type Fleet } from './fleet.ts';

const SPECIFICATION = { ...SMALLEST, steps: 240 };
const ROUNDS = 12;
const WARNING = /Decided by more than one code/g;

describe('a run that an orchestrator with other code takes over', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet.stop());

  /** Copies the checkout as another version whose workflows decide the same. Returns its folder. */
  function otherCheckout(): string {
    const copy = join(fleet.directory, 'checkout');
    mkdirSync(copy);
    for (const name of ['workflows', 'activities', 'workers', 'tsconfig.json', 'package.json'])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const manifest = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')) as object;
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...manifest, version: '9.9.9' }));
    const exploit = join(copy, 'workflows/algorithm/exploit.ts');
    writeFileSync(exploit, `${readFileSync(exploit, 'utf8')}// The same rule.\n`);
    return copy;
  }

  function logOf(name: string): string {
    return readFileSync(join(fleet.directory, `${name}.log`), 'utf8');
  }

  it('names both codes with their rounds, and warns once', async () => {
    const first = await decisionCode();
    await fleet.work('trainer', 'workers/trainer.ts');
    const undisturbed = await (await fleet.startRun('undisturbed', SPECIFICATION)).result();
    assert.deepEqual(undisturbed.decidedBy, [{ code: first, fromRound: 1 }]);

    const run = await fleet.startRun('taken-over', SPECIFICATION);
    await poll(
      () => run.query(progressQuery),
      ({ round }) => round >= 3,
    );
    await run.executeUpdate(pauseUpdate, { args: [{ reason: 'an upgrade' }] });
    await fleet.orchestrator.stop(20_000);
    await fleet.work('successor', join(otherCheckout(), 'workers/orchestrator.ts'));
    await run.executeUpdate(resumeUpdate);
    const result = await run.result();

    const [before, since] = result.decidedBy;
    assert.ok(before && since && result.decidedBy.length === 2, JSON.stringify(result.decidedBy));
    assert.deepEqual(before, { code: first, fromRound: 1 });
    assert.match(since.code, /^9\.9\.9\+[0-9a-f]{16}$/);
    assert.notEqual(since.code.split('+')[1], first.split('+')[1]);
    assert.ok(since.fromRound > 3 && since.fromRound <= ROUNDS, `from round ${since.fromRound}`);
    assert.equal(result.decisionsSha256, undisturbed.decisionsSha256);

    const sentence = describeCodes(result.decidedBy) ?? '';
    assert.match(sentence, WARNING);
    assert.equal((await run.query(progressQuery)).notice, sentence);
    const metadata = await run.query<{ readonly currentDetails: string }, []>('__temporal_workflow_metadata');
    assert.ok(metadata.currentDetails.includes(sentence), metadata.currentDetails);

    const file = join(fleet.objects, result.storage.bucket, result.resultKey);
    const written = JSON.parse(readFileSync(file, 'utf8')) as ResultSummary & {
      readonly subPopulations: readonly { readonly decidedBy: readonly DecisionCode[] }[];
    };
    assert.deepEqual(written.decidedBy, result.decidedBy);
    for (const { decidedBy } of written.subPopulations)
      assert.deepEqual(
        decidedBy.map(({ code }) => code),
        [before.code, since.code],
      );

    assert.deepEqual([...logOf('orchestrator').matchAll(WARNING)].length, 0);
    assert.deepEqual([...logOf('successor').matchAll(WARNING)].length, 1);

    const exported = join(fleet.objects, result.storage.bucket, result.storage.folder, 'histories');
    assert.deepEqual(await divergences(exported), [], 'either code decides the same about the histories');
  });
});

/** Replays the histories in a folder with the code of this checkout. Returns where it would decide something else. */
async function divergences(folder: string): Promise<unknown[]> {
  const replayer = new Replayer({ code: await bundleForReplay() });
  const found: unknown[] = [];
  let histories = 0;
  try {
    for await (const execution of historiesIn([folder])) {
      histories += 1;
      found.push((await replayer.findDivergence(execution)) ?? []);
    }
  } finally {
    await replayer.close();
  }
  assert.ok(histories >= 4, `${histories} histories`);
  return found.flat();
}
