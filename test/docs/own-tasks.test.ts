import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const DOCS = join(import.meta.dirname, '../../docs');

describe('the page about tasks of your own', () => {
  const page = readFileSync(join(DOCS, 'own-tasks.md'), 'utf8');
  const example = readFileSync(join(DOCS, 'examples/ring.ts'), 'utf8');

  it('shows the example as it is', () => {
    assert.ok(page.includes(`\`\`\`ts\n${example}\`\`\``));
  });

  it('needs at most 40 lines for a network with a layer of its own', () => {
    assert.ok(example.trimEnd().split('\n').length <= 40);
  });
});
