/** Set-up refuses data with the wrong content by name, and accepts any compression. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { verify } from '../../../setup/steps/fashion-mnist.mjs';

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
