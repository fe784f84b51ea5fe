import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findRunningStack, isStackRunning, lockStack, ProcessLedger } from '../../../workers/stack/running-stack.ts';
import type { StackRecord } from '../../../workers/stack/running-stack.ts';

const RECORD: StackRecord = {
  pid: 1,
  queue: 'fire-pbt',
  trainers: 2,
  threads: 1,
  tasks: [],
  pages: 'http://127.0.0.1:8234',
  temporal: { address: '127.0.0.1:7233', namespace: 'default', webUi: null, own: false },
  s3: { endpoint: null, credentialsFile: null, folder: null, own: true },
};

describe('the lock of a state directory', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fire-pbt-hold-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('belongs to one process at a time', async () => {
    const first = await lockStack(directory);
    assert.ok(first);
    assert.equal(await lockStack(directory), undefined);
    await first.release();
    const second = await lockStack(directory);
    assert.ok(second);
    await second.release();
  });

  it('does not lock other directories', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'fire-pbt-hold-'));
    const [first, second] = [await lockStack(directory), await lockStack(elsewhere)];
    assert.ok(first && second);
    await first.release();
    await second.release();
    rmSync(elsewhere, { recursive: true });
  });

  it('publishes the addresses of the stack until it is released', async () => {
    assert.equal(await findRunningStack(directory, 1_000), undefined);
    const lock = await lockStack(directory);
    assert.ok(lock);
    const asking = findRunningStack(directory, 5_000);
    lock.publish(RECORD);
    assert.deepEqual(await asking, RECORD);
    await lock.release();
    assert.equal(await isStackRunning(directory), false);
    assert.equal(await findRunningStack(directory, 1_000), undefined);
  });

  it('is free if the directory does not exist', async () => {
    const missing = join(directory, 'missing');
    assert.equal(await isStackRunning(missing), false);
    assert.equal(await findRunningStack(missing, 1_000), undefined);
  });

  it('closes the directory to other users', async () => {
    const lock = await lockStack(directory);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    await lock?.release();
  });
});

describe('the ledger of processes', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fire-pbt-ledger-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('stops processes that an earlier stack left running', async () => {
    const left = spawn('sleep', ['100'], { detached: true, stdio: 'ignore' });
    const ended = once(left, 'exit');
    new ProcessLedger(directory).note('part', left.pid);
    assert.deepEqual(await new ProcessLedger(directory).stopLeftovers(5_000), ['part']);
    await ended;
  });

  it('kills processes that do not end on request', async () => {
    const left = spawn('/bin/sh', ['-c', 'trap "" TERM; echo; while :; do sleep 1; done'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(left.stdout, 'data');
    const ended = once(left, 'exit');
    new ProcessLedger(directory).note('part', left.pid);
    assert.deepEqual(await new ProcessLedger(directory).stopLeftovers(100), ['part']);
    assert.deepEqual(await ended, [null, 'SIGKILL']);
  });

  it('ignores processes that have ended, and other processes with a reused id', async () => {
    const ledger = new ProcessLedger(directory);
    const gone = spawn('true', { stdio: 'ignore' });
    ledger.note('gone', gone.pid);
    await once(gone, 'exit');
    assert.deepEqual(await new ProcessLedger(directory).stopLeftovers(1_000), []);
  });
});
