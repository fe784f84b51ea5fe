import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { it } from 'node:test';
import { ClaimedPorts, describePortChange } from '../../../workers/processes/ports.ts';

const ROOT = join(import.meta.dirname, '../../..');

it('a server avoids taken ports and says which port it uses instead', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const ports = new ClaimedPorts();
  const found = await ports.claim(port);
  assert.notEqual(found, port);
  assert.equal(describePortChange('Temporal', port, found), `Port ${port} is taken: Temporal uses ${found}`);
  assert.equal(describePortChange('Temporal', found, found), undefined);
  ports.release();
  other.close();
});

it('a port has one owner before its server listens, until that gives it back or is killed', async () => {
  const [ours, mine] = [new ClaimedPorts(), new ClaimedPorts()];
  // Below those that the system gives to outgoing connections of other tests.
  const port = await ours.claim(21_000);
  const claimed = await Promise.all([ours.claim(port), mine.claim(port), mine.claim(port)]);
  assert.equal(new Set([port, ...claimed]).size, 4, String(claimed));
  ours.release();

  const code = `import('./workers/processes/ports.ts').then(async ({ ClaimedPorts }) => {
    console.log(await new ClaimedPorts().claim(${port}));
    setInterval(() => undefined, 1000);
  })`;
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const other = spawn(process.execPath, ['--import', 'tsx', '--eval', code], { cwd: ROOT, stdio: [...stdio] });
  const [said] = (await once(other.stdout, 'data')) as [Buffer];
  assert.equal(Number(String(said)), port);
  assert.notEqual(await mine.claim(port), port);
  other.kill('SIGKILL');
  await once(other, 'exit');
  assert.equal(await mine.claim(port), port);
  mine.release();
});
