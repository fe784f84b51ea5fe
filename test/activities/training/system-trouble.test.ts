import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { asTask } from '../../../activities/training/failures.ts';
import { DataSetError } from '../../../activities/tasks/datasets/data-set.ts';
import { onSmallDisk, whyNoSmallDisk } from '../../small-disk.ts';

const ROOT = pathToFileURL(join(import.meta.dirname, '../../..')).href;

/** Runs where temporary files have 100 kB of room: fills it, fails, makes room again, and goes on. */
const SCRIPT = `
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asTask } from '${ROOT}/activities/training/failures.ts';
import { withTemporaryFolder } from '${ROOT}/activities/tasks/temporary-folder.ts';
process.env.TMPDIR = process.argv[1];
const ballast = join(process.env.TMPDIR, 'ballast');
writeFileSync(ballast, new Uint8Array(60_000));
const open = () => asTask('open P1/member-0', () =>
  withTemporaryFolder('graph-', (folder) => (writeFileSync(join(folder, 'model'), new Uint8Array(70_000)), 'opened')));
const { type, nonRetryable, message } = await open().catch((error) => error);
rmSync(ballast);
console.log(JSON.stringify({ type, nonRetryable, message, then: await open() }));`;

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: reason, read`), { code, errno: -5, syscall: 'read' });
}

describe('trouble of the operating system in a task', () => {
  it(
    'on a full disk is retried with path and advice, and is over when there is room',
    { skip: whyNoSmallDisk() },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'fire-pbt-full-'));
      try {
        const script = ['--import', 'tsx', '--input-type=module', '-e', SCRIPT, folder];
        const { command, args } = onSmallDisk(100_000, folder, process.execPath, script);
        const { stdout } = await promisify(execFile)(command, args, { cwd: join(import.meta.dirname, '../../..') });
        assert.deepEqual(JSON.parse(stdout), {
          type: 'SystemTrouble',
          nonRetryable: false,
          message:
            `Cannot open P1/member-0: Cannot write temporary files in ${folder}, which TMPDIR names: ` +
            'ENOSPC: no space left on device, write. Make room on that disk',
          then: 'opened',
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  for (const { name, error, type, nonRetryable } of [
    { name: 'too many open files', error: systemError('EMFILE'), type: 'SystemTrouble', nonRetryable: false },
    { name: 'a device that fails', error: systemError('EIO'), type: 'SystemTrouble', nonRetryable: false },
    {
      name: 'a data file on a device that fails',
      error: new DataSetError('Cannot read data file /data/x: EIO', systemError('EIO')),
      type: 'SystemTrouble',
      nonRetryable: false,
    },
    {
      name: 'a data file that is missing',
      error: new DataSetError('Cannot read data file /data/x: there is no such file', systemError('ENOENT')),
      type: 'DataSetUnusable',
      nonRetryable: true,
    },
    {
      name: 'a file of the task that is missing',
      error: systemError('ENOENT'),
      type: 'TaskFailed',
      nonRetryable: true,
    },
  ])
    it(`${nonRetryable ? 'holds' : 'is retried'} on ${name}`, () =>
      assert.rejects(
        asTask('open P1/member-0', () => {
          throw error;
        }),
        { type, nonRetryable },
      ));
});
