/** Set-up refuses data with the wrong content by name, accepts any compression, and downloads through a proxy. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Processes } from '../../../setup/processes.mjs';
import { download, verify } from '../../../setup/steps/fashion-mnist.mjs';
import { HOST } from '../../../workers/processes/ports.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fire-pbt-data-'));
after(() => rmSync(folder, { recursive: true }));
const content = Buffer.from('ten thousand labels');
const files = [
  {
    name: 'labels.gz',
    contentSha256: createHash('sha256').update(content).digest('hex'),
    contentSizeBytes: content.byteLength,
  },
];
const file = path.join(folder, 'labels.gz');

test('a file with the known content is accepted with any compression', () => {
  for (const level of [0, 9]) {
    writeFileSync(file, gzipSync(content, { level }));
    verify(folder, files);
  }
});

test('a file with another content is refused by name', () => {
  writeFileSync(file, gzipSync(Buffer.from('ten thousand labelz')));
  assert.throws(() => verify(folder, files), {
    name: 'SetupFailure',
    message: /^Expected the content of .*labels\.gz to have SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}$/,
  });
});

test('a damaged, truncated or inflated file is refused by name', () => {
  for (const bytes of [
    Buffer.from('<html>not found</html>'),
    gzipSync(content).subarray(0, 20),
    gzipSync(Buffer.alloc(1_000_000)),
  ]) {
    writeFileSync(file, bytes);
    assert.throws(() => verify(folder, files), {
      name: 'SetupFailure',
      message: /labels\.gz to have SHA-256 [0-9a-f]{64}, got no gzip file of 19 bytes \(.+\)$/,
    });
  }
});

test('a download goes through the proxy that the environment names, and says in one line why it failed', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer(({ url }, answer) => {
    asked.push(url);
    if (url === 'http://publisher.test/labels.gz') answer.end(content);
    else if (url === 'http://publisher.test/cut.gz') {
      answer.writeHead(200, { 'Content-Length': 100 });
      answer.write('x', () => answer.destroy());
    } else answer.writeHead(404).end();
  });
  proxy.listen(0, HOST);
  await once(proxy, 'listening');
  const environment = { ...process.env };
  for (const name of Object.keys(process.env)) if (/proxy$/i.test(name)) delete process.env[name];
  process.env['http_proxy'] = `http://${HOST}:${(proxy.address() as AddressInfo).port}`;
  const processes = new Processes(path.join(folder, 'child.json'));
  const task = {
    staging: folder,
    progress: () => undefined,
    line: () => undefined,
    run: async (command: string, args: readonly string[], options: { readonly purpose: string }) =>
      processes.run(command, args, { ...options, log: path.join(folder, 'log', 'setup.log') }),
  };
  const downloads = path.join(folder, 'downloads');
  mkdirSync(downloads);
  const get = async (name: string): Promise<void> =>
    download(task, `http://publisher.test/${name}`, path.join(downloads, name));
  try {
    await get('labels.gz');
    assert.deepEqual(readFileSync(path.join(downloads, 'labels.gz')), content);
    await assert.rejects(get('cut.gz'), {
      name: 'SetupFailure',
      message: 'Cannot download http://publisher.test/cut.gz: got 1 of 100 bytes',
    });
    await assert.rejects(get('lost.gz'), {
      message: 'Cannot download http://publisher.test/lost.gz: HTTP Error 404: Not Found',
    });
    assert.equal(asked.length, 3);
  } finally {
    process.env = environment;
    proxy.close();
  }
});
