import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { COMPARISON_FORMAT } from '../../activities/contracts/comparison.ts';
import { RESULT_FORMAT } from '../../activities/contracts/run-result.ts';
import { DECISIONS_FORMAT, STATE_FORMAT } from '../../activities/runs/sealing.ts';
import { REASON_TEXTS } from '../../workflows/population/verdict-text.ts';

const PAGE = readFileSync(new URL('../../docs/records.md', import.meta.url), 'utf8');

/** Returns the rows of the table that follows a line, cell by cell. */
function rowsAfter(header: string): string[][] {
  const [, rest = ''] = PAGE.split(header);
  const [table = ''] = rest.trimStart().split('\n\n');
  return table
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.slice(2, -2).split(' | '));
}

it('the page on records explains each reason as the report does', () => {
  assert.deepEqual(
    rowsAfter('| reason | in words | meaning |'),
    Object.entries(REASON_TEXTS).map(([reason, { label, meaning }]) => [`\`${reason}\``, label, meaning]),
  );
});

it('the page on records names the formats of the objects', () => {
  const formats = PAGE.split('\n').flatMap((line) => line.match(/(?<=\| )`fire-pbt-[^`]+`(?= \|)/) ?? []);
  assert.deepEqual(
    formats,
    [RESULT_FORMAT, DECISIONS_FORMAT, STATE_FORMAT, COMPARISON_FORMAT].map((format) => `\`${format}\``),
  );
});

it('the page on records explains each kind of event', () => {
  const file = JSON.parse(readFileSync(new URL('../../docs/records.schema.json', import.meta.url), 'utf8')) as {
    readonly definitions: { readonly RoundEvent: { readonly anyOf: readonly EventSchema[] } };
  };
  const kinds = file.definitions.RoundEvent.anyOf.map(({ properties }) => `\`${properties.kind.const}\``);
  assert.deepEqual(
    rowsAfter('| `kind` | what happened |')
      .map(([kind]) => kind)
      .sort(),
    kinds.sort(),
  );
});

interface EventSchema {
  readonly properties: { readonly kind: { readonly const: string } };
}
