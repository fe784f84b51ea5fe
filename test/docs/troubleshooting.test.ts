import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const DOCS = join(import.meta.dirname, '../../docs');
const PAGE = readFileSync(join(DOCS, 'troubleshooting.md'), 'utf8');
/** A link to a test by its title. `…` stands for a part of a title that differs from case to case. */
const LINK = /\[(?<title>[^\]]+)\]\((?<path>\.\.\/test\/[^)]+)\)/g;

const rows = PAGE.split('\n').filter((line) => line.startsWith('| ') && !/^\| (what goes wrong|---)/.test(line));

/** Returns whether a source has a test of this title. */
function hasTest(source: string, title: string): boolean {
  const parts = title.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(String.raw`\b(it|test)\(\s*(['"\`])${parts.join(String.raw`\$\{.+?\}`)}\2`).test(source);
}

describe('the page on troubleshooting', () => {
  it('names a test of each row, and each of these tests exists', () => {
    assert.ok(rows.length > 35, `${rows.length} rows`);
    for (const row of rows) {
      const links = [...row.matchAll(LINK)].map(({ groups = {} }) => groups);
      assert.ok(links.length > 0, row);
      for (const { title = '', path = '' } of links) {
        const file = join(DOCS, path);
        assert.ok(existsSync(file), path);
        assert.ok(hasTest(readFileSync(file, 'utf8'), title), `${path}: ${title}`);
      }
    }
  });

  it('would not pass with a test that does not exist', () => {
    const source = "it('waits', async () => {}); test(`a ${kind} of it`, () => {});";
    assert.ok(hasTest(source, 'waits') && hasTest(source, 'a … of it'));
    for (const title of ['wait', 'waits long', 'a kind of it']) assert.ok(!hasTest(source, title), title);
  });
});
