/** A terminal overwrites the progress of set-up; other outputs get a line every few seconds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSize, Report } from '../../setup/report.mjs';

/** Removes the durations. */
function timeless(written: readonly string[]): string[] {
  return written.map((text) => text.replace(/\(\d+\.\d s\)/, '(T s)'));
}

test('a terminal shows one line per step, updated and cut to its width', () => {
  const written: string[] = [];
  const report = new Report({ isTTY: true, columns: 30, write: (text: string) => written.push(text) });
  report.begin('TensorFlow');
  report.progress('downloading 120 MB of 274 MB');
  report.end('2.21.0');
  assert.deepEqual(timeless(written), [
    '\r\x1b[K  TensorFlow …',
    '\r\x1b[K  TensorFlow … downloading 12',
    '\r\x1b[K',
    '  TensorFlow: 2.21.0 (T s)\n',
  ]);
});

test('a log gets complete lines, but not one for each update of the progress', () => {
  const written: string[] = [];
  const report = new Report({ write: (text: string) => written.push(text) });
  report.begin('TensorFlow');
  for (let size = 0; size < 274; size += 1) report.progress(`downloading ${String(size)} MB of 274 MB`);
  report.end('2.21.0');
  assert.deepEqual(timeless(written), ['  TensorFlow …\n', '  TensorFlow: 2.21.0 (T s)\n']);
});

test('sizes below a gigabyte are written in megabytes', () => {
  assert.deepEqual([0, 273_829_956, 999_000_000, 1_150_000_000].map(formatSize), [
    '0 MB',
    '274 MB',
    '999 MB',
    '1.1 GB',
  ]);
});
