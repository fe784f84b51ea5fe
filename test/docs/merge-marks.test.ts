/**
 * No page holds what an unfinished merge leaves. In code, types and lint say so.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../..');

it('no page has marks of a merge', () => {
  const pages = readdirSync(ROOT, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .flatMap((entry) => (entry.isDirectory() ? filesIn(entry.name) : [entry.name]))
    .filter((file) => file.endsWith('.md'));
  assert.ok(pages.includes('README.md') && pages.includes(path.join('docs', 'tasks.md')));
  const marked = pages.filter((page) => /^(<{7}|>{7}|={7}$)/m.test(readFileSync(path.join(ROOT, page), 'utf8')));
  assert.deepEqual(marked, []);
});

function filesIn(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true }).map((file) => path.join(folder, String(file)));
}
