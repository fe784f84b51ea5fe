import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

describe('the page about tasks of your own', () => {
  const page = readFileSync(join(ROOT, 'docs/own-tasks.md'), 'utf8');
  const example = readFileSync(join(ROOT, 'examples/own-task/task.ts'), 'utf8');

  it('shows the example as it is', () => {
    assert.ok(page.includes(`\`\`\`ts\n${example}\`\`\``));
  });

  it('needs at most 40 lines for a network with a layer of its own, and as few for a task in Python', () => {
    const python = readFileSync(join(ROOT, 'examples/python/task.py'), 'utf8');
    for (const text of [example, python]) assert.ok(text.trimEnd().split('\n').length <= 40);
  });
});
