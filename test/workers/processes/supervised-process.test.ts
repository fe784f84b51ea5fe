import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SupervisedProcess } from '../../../workers/processes/supervised-process.ts';
import { eventually } from '../eventually.ts';

const ready = async (): Promise<boolean> => true;

describe('a supervised process', () => {
  let directory: string;
  let said: string[];
  let started: number[];
  let all: SupervisedProcess[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fire-pbt-supervised-'));
    said = [];
    started = [];
    all = [];
  });

  afterEach(async () => {
    await Promise.all(all.map((one) => one.stop(0)));
    rmSync(directory, { recursive: true });
  });

  function shell(script: string, name = 'part'): SupervisedProcess {
    const one = new SupervisedProcess(
      {
        name,
        command: '/bin/sh',
        args: ['-c', script],
        env: { ...process.env, DIRECTORY: directory },
        cwd: directory,
        logFile: join(directory, `${name}.log`),
      },
      { say: (line) => said.push(line), changed: (_, pid) => pid !== undefined && started.push(pid) },
    );
    all.push(one);
    return one;
  }

  it('is restarted with a message when it is killed', async () => {
    const part = shell('exec sleep 100');
    await part.start(ready, 5_000);
    part.kill();
    await eventually(() => started.length === 2 && part.pid === started[1]);
    assert.deepEqual(said, ['part was ended by SIGKILL: restarting it']);
  });

  it('is not restarted when it is killed for good', async () => {
    const part = shell('exec sleep 100');
    await part.start(ready, 5_000);
    part.killForGood();
    await part.stop(0);
    assert.equal(part.pid, undefined);
    assert.deepEqual([said, started.length], [[], 1]);
  });

  it('quotes the end of its log if it ends again and again', async () => {
    const part = shell('[ -e begun ] || { touch begun; sleep 0.1; exit 3; }; echo out of luck; exit 3');
    await part.start(ready, 5_000);
    await eventually(() => said.some((line) => line.includes('in a row')), 10_000);
    assert.match(
      said.at(-1) ?? '',
      new RegExp(
        String.raw`^part ended with code 3, 4 times in a row\. Next restart in 2 s\. Last lines of ` +
          String.raw`.*part\.log:\n(  out of luck\n?)+$`,
      ),
    );
  });

  it('is restarted soon, and does not quote its log, if it is killed again and again', async () => {
    const part = shell('[ -e begun ] || { touch begun; sleep 0.1; exit 3; }; echo all is well; exec sleep 100');
    await part.start(ready, 5_000);
    for (let kills = 1; kills <= 5; kills += 1) {
      await eventually(() => started.length === kills + 1 && part.pid === started.at(-1), 10_000);
      part.kill();
      await eventually(() => said.length === kills + 1);
    }
    const again = 'part was ended by SIGKILL: restarting it';
    const series = (times: number): string =>
      `part was ended by SIGKILL, ${times} times in a row. Next restart in 4 s. ` +
      'Somebody kills it, or the system kills it because memory is short.';
    assert.deepEqual(said, ['part ended with code 3: restarting it', again, again, again, series(4), series(5)]);
  });

  it('fails its start and quotes the end of its log if it ends before it is ready', async () => {
    const part = shell('echo no such port >&2; exit 1');
    await assert.rejects(
      part.start(async () => false, 5_000),
      {
        name: 'UserError',
        message:
          'Cannot start part: it ended with code 1. ' + `Last lines of ${join(directory, 'part.log')}:\n  no such port`,
      },
    );
    assert.equal(started.length, 1);
  });

  it('fails its start if the program does not exist', async () => {
    const part = new SupervisedProcess(
      {
        name: 'part',
        command: join(directory, 'nothing'),
        args: [],
        env: process.env,
        cwd: directory,
        logFile: join(directory, 'part.log'),
      },
      { say: () => undefined, changed: () => undefined },
    );
    await assert.rejects(
      part.start(async () => false, 5_000),
      /^UserError: Cannot start part: it ended with code 127/,
    );
  });

  it('is killed with its children if it does not end on request', async () => {
    const part = shell('trap "" TERM; sleep 100 & echo $! > child; wait; wait');
    await part.start(ready, 5_000);
    await eventually(() => readIfThere(join(directory, 'child')) !== '');
    const child = Number(readIfThere(join(directory, 'child')));
    await part.stop(100);
    await eventually(() => !lives(child));
    assert.equal(part.pid, undefined);
    assert.deepEqual(said, []);
  });

  it('does not outlive a supervisor that is killed', async () => {
    const supervisor = spawn(
      process.execPath,
      ['--import', 'tsx', join(import.meta.dirname, 'doomed-supervisor.ts'), directory],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(supervisor.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    assert.ok(lives(pid));
    supervisor.kill('SIGKILL');
    await eventually(() => !lives(pid), 5_000);
  });
});

function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
