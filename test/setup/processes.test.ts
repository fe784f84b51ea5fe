/** Set-up explains the failures of its programs, and none of them outlives set-up. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { findReason, Processes } from '../../setup/processes.mjs';
import { startTime } from '../../workers/processes/start-time.mjs';
import { eventually } from '../workers/eventually.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fire-pbt-processes-'));
after(() => rmSync(folder, { recursive: true }));
const log = path.join(folder, 'step.log');
const record = path.join(folder, 'child.json');

/** Waits until a process has ended, because processes end asynchronously. */
async function gone(pid: number): Promise<void> {
  await eventually(() => startTime(pid) === undefined);
}

/**
 * Runs a shell that starts a grandchild and waits for it. Resolves when both run, with the grandchild's process id.
 */
async function runFamily(processes: Processes): Promise<{ grandchild: number; ending: Promise<void> }> {
  const file = path.join(folder, 'grandchild');
  rmSync(file, { force: true });
  const ending = processes.run('sh', ['-c', `sleep 600 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`], {
    log,
    purpose: 'wait',
  });
  await eventually(() => existsSync(file));
  return { grandchild: Number(readFileSync(file, 'utf8')), ending };
}

describe('a program run by set-up', () => {
  test('writes its output to the log and leaves no record', async () => {
    await new Processes(record).run('sh', ['-c', 'echo out; echo err >&2'], { log, purpose: 'talk' });
    assert.match(readFileSync(log, 'utf8'), /\$ sh -c [^\n]*\nout\nerr\n$/);
    assert.equal(existsSync(record), false);
  });

  test('causes a failure with the reason from its own output', async () => {
    await assert.rejects(
      new Processes(record).run('sh', ['-c', 'echo "error: no such wheel"; exit 3'], { log, purpose: 'download it' }),
      {
        name: 'SetupFailure',
        message: 'Cannot download it: no such wheel',
        log,
      },
    );
  });

  test('is named if it cannot be started', async () => {
    await assert.rejects(new Processes(record).run('no-such-program', [], { log, purpose: 'try' }), {
      message: 'Cannot try: no-such-program could not be started (spawn no-such-program ENOENT)',
    });
  });

  test('is ended together with its children', async () => {
    const processes = new Processes(record);
    const { grandchild, ending } = await runFamily(processes);
    processes.end();
    await assert.rejects(ending, { name: 'SetupFailure' });
    await gone(grandchild);
  });

  test('is ended by the next set-up if its own set-up was killed', async () => {
    const { grandchild, ending } = await runFamily(new Processes(record));
    new Processes(record).endLeftovers();
    await assert.rejects(ending, { name: 'SetupFailure' });
    await gone(grandchild);
    assert.equal(existsSync(record), false);
  });

  test('is not mistaken for another process with the same process id', async () => {
    const stranger = spawn('sleep', ['600'], { detached: true });
    assert.ok(stranger.pid !== undefined);
    writeFileSync(record, JSON.stringify({ group: stranger.pid, started: '1' }));
    new Processes(record).endLeftovers();
    assert.notEqual(startTime(stranger.pid), undefined);
    stranger.kill('SIGKILL');
    await gone(stranger.pid);
  });
});

describe('the reason of a failure', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'npm',
      'npm error code ENOTFOUND\nnpm error syscall getaddrinfo\nnpm error network request to the registry ' +
        'failed\nnpm error A complete log is in x',
      'network request to the registry failed',
    ],
    [
      'pip',
      'Collecting x\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    x: ' +
        'Expected sha256 1',
      'THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.',
    ],
    [
      'a traceback',
      'ERROR: Exception:\nTraceback (most recent call last):\n  raise OSError()\nOSError: [Errno 28] No space ' +
        'left on device',
      'OSError: [Errno 28] No space left on device',
    ],
    [
      'a compiler',
      'In file included from a.cc:1:\na.h:3:10: fatal error: node_api.h: No such file or directory\ncompilation ' +
        'terminated.',
      'a.h:3:10: fatal error: node_api.h: No such file or directory',
    ],
    ['apt', 'Get:1 lists\nE: Unable to locate package x', 'Unable to locate package x'],
    ['a program without error lines', 'hello\ngoodbye', 'goodbye'],
  ];
  for (const [program, said, reason] of cases) {
    test(`is found in the output of ${program}`, () => {
      writeFileSync(log, `$ earlier command\nerror: earlier\n$ command\n${said}\n`);
      assert.equal(findReason(log), reason);
    });
  }

  test('is undefined if the program printed nothing', () => {
    writeFileSync(log, '$ command\n');
    assert.equal(findReason(log), undefined);
  });
});
