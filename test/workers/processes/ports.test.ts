import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { freePort, describePortChange } from '../../../workers/processes/ports.ts';

it('a server avoids taken ports and says which port it uses instead', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const found = await freePort(port);
  assert.notEqual(found, port);
  assert.notEqual(await freePort(found, [found]), found);
  assert.equal(describePortChange('Temporal', port, found), `Port ${port} is taken: Temporal uses ${found}`);
  assert.equal(describePortChange('Temporal', found, found), undefined);
  other.close();
});
