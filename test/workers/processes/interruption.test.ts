import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const LISTENER = join(import.meta.dirname, 'listener.ts');
const RUNS_MS = 1_500;

describe('a process that listens for interruptions', () => {
  it('ends at SIGINT and SIGTERM', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const child = listener(['ignore', 'pipe', 'pipe'], 60_000);
      await once(child.stdout!, 'data');
      child.kill(signal);
      assert.equal(await exitCode(child), 130);
    }
  });

  it('goes on at SIGHUP if it has no terminal, as `nohup` leaves it', async () => {
    const child = listener(['ignore', 'pipe', 'pipe']);
    await once(child.stdout!, 'data');
    child.kill('SIGHUP');
    assert.equal(await exitCode(child), 0);
  });

  it('goes on if the disk of its output is full', async () => {
    const full = openSync('/dev/full', 'w');
    const child = listener(['ignore', full, full]);
    closeSync(full);
    assert.equal(await exitCode(child), 0);
  });

  it('goes on if nobody reads its output any more', async () => {
    const child = listener(['ignore', 'pipe', 'pipe']);
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    child.stderr!.destroy();
    assert.equal(await exitCode(child), 0);
  });
});

function listener(stdio: StdioOptions, runsMs = RUNS_MS): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', LISTENER, String(runsMs)], { stdio });
  // Unread output would fill its pipe.
  child.stdout?.resume();
  child.stderr?.resume();
  return child;
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
