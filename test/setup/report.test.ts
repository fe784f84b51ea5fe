/** Progress is overwritten on a terminal and printed now and then elsewhere. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { megabytes, Report } from '../../setup/report.mjs';

/** Takes out how long it took. */
function timeless(written: readonly string[]): string[] {
  return written.map((text) => text.replace(/\(\d+\.\d s\)/, '(T s)'));
}

test('a terminal shows one line a step, brought up to date and cut to its width', () => {
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

test('a log gets whole lines, and not one for every bit of progress', () => {
  const written: string[] = [];
  const report = new Report({ write: (text: string) => written.push(text) });
  report.begin('TensorFlow');
  for (let size = 0; size < 274; size += 1) report.progress(`downloading ${String(size)} MB of 274 MB`);
  report.end('2.21.0');
  assert.deepEqual(timeless(written), ['  TensorFlow …\n', '  TensorFlow: 2.21.0 (T s)\n']);
});

test('sizes read as megabytes up to a gigabyte', () => {
  assert.deepEqual([0, 273_829_956, 999_000_000, 1_150_000_000].map(megabytes), ['0 MB', '274 MB', '999 MB', '1.1 GB']);
});
