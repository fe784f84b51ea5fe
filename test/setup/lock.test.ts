/** Only one set-up runs at a time in a folder, and a killed one blocks no other. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { lock } from '../../setup/lock.mjs';

const LOCK = pathToFileURL(path.resolve(import.meta.dirname, '../../setup/lock.mjs')).href;

test('a second set-up in the same folder waits for the first; one in another folder does not', async () => {
  const folder = `/one-${String(process.pid)}`;
  const unlockFirst = await lock(folder, () => assert.fail('nobody else is there'));
  const order: string[] = [];
  const second = lock(folder, () => {
    order.push('second waits');
    unlockFirst();
  }).then((unlock) => {
    order.push('second has it');
    unlock();
  });
  const unlockOther = await lock(`${folder}-other`, () => assert.fail('nobody else is there'));
  unlockOther();
  await second;
  assert.deepEqual(order, ['second waits', 'second has it']);
});

test('a killed set-up releases the lock', async () => {
  const folder = `/two-${String(process.pid)}`;
  const holder = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { lock } from '${LOCK}'; await lock('${folder}', () => {}); console.log('held')`,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(holder.stdout, 'data');
  let waited = false;
  const next = lock(folder, () => {
    waited = true;
    holder.kill('SIGKILL');
  });
  (await next)();
  assert.equal(waited, true);
});
