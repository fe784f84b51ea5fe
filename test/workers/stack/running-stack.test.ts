import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findRunningStack, isHeld, ProcessLedger, takeHold } from '../../../workers/stack/running-stack.ts';
import type { StackRecord } from '../../../workers/stack/running-stack.ts';

const RECORD: StackRecord = {
  pid: 1,
  queue: 'fire-pbt',
  trainers: 2,
  threads: 1,
  temporal: { address: '127.0.0.1:7233', namespace: 'default', webUi: null, own: false },
  s3: { endpoint: null, credentialsFile: null, folder: null, own: true },
};

describe('the hold on a state directory', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fire-pbt-hold-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('is given to one process at a time', async () => {
    const first = await takeHold(directory);
    assert.ok(first);
    assert.equal(await takeHold(directory), undefined);
    await first.release();
    const second = await takeHold(directory);
    assert.ok(second);
    await second.release();
  });

  it('is of one directory only', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'fire-pbt-hold-'));
    const [first, second] = [await takeHold(directory), await takeHold(elsewhere)];
    assert.ok(first && second);
    await first.release();
    await second.release();
    rmSync(elsewhere, { recursive: true });
  });

  it('says where the parts are for as long as it is held', async () => {
    assert.equal(await findRunningStack(directory, 1_000), undefined);
    const hold = await takeHold(directory);
    assert.ok(hold);
    const asking = findRunningStack(directory, 5_000);
    hold.publish(RECORD);
    assert.deepEqual(await asking, RECORD);
    await hold.release();
    assert.equal(await isHeld(directory), false);
    assert.equal(await findRunningStack(directory, 1_000), undefined);
  });

  it('is nobody’s where the directory is missing', async () => {
    const missing = join(directory, 'missing');
    assert.equal(await isHeld(missing), false);
    assert.equal(await findRunningStack(missing, 1_000), undefined);
  });

  it('keeps other users out of the directory', async () => {
    const hold = await takeHold(directory);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    await hold?.release();
  });
});

describe('the ledger of processes', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fire-pbt-ledger-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('ends what an earlier stack left running', async () => {
    const left = spawn('sleep', ['100'], { detached: true, stdio: 'ignore' });
    const ended = once(left, 'exit');
    new ProcessLedger(directory).note('part', left.pid);
    assert.deepEqual(await new ProcessLedger(directory).clearLeftovers(5_000), ['part']);
    await ended;
  });

  it('kills what does not end on request', async () => {
    const left = spawn('/bin/sh', ['-c', 'trap "" TERM; echo; while :; do sleep 1; done'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(left.stdout, 'data');
    const ended = once(left, 'exit');
    new ProcessLedger(directory).note('part', left.pid);
    assert.deepEqual(await new ProcessLedger(directory).clearLeftovers(100), ['part']);
    assert.deepEqual(await ended, [null, 'SIGKILL']);
  });

  it('leaves alone what has ended, and what was given its process id since', async () => {
    const ledger = new ProcessLedger(directory);
    const gone = spawn('true', { stdio: 'ignore' });
    ledger.note('gone', gone.pid);
    await once(gone, 'exit');
    assert.deepEqual(await new ProcessLedger(directory).clearLeftovers(1_000), []);
  });
});
