/** The tables that the docs are made from, as they were stored. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ComparisonInput, ComparisonRun } from '../../../activities/contracts/comparison.ts';
import { comparisonText } from '../../../activities/comparison/table.ts';

const FOLDER = new URL('../../../docs/results/', import.meta.url);

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
  test(`${file} follows from its runs, bit for bit`, () => {
    const stored = readFileSync(new URL(file, FOLDER), 'utf8');
    const { input, runs } = JSON.parse(stored) as {
      readonly input: ComparisonInput;
      readonly runs: readonly ComparisonRun[];
    };
    assert.ok(comparisonText(input, runs) === stored);
  });
}
