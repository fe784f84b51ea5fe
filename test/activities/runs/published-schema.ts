/** The published JSON Schemas of the objects in a bucket (docs/records.md). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A definition for the whole content of an object. */
export type RecordKind = 'decisions' | 'state' | 'result' | 'comparison';

const SCHEMAS = new URL('../../../docs/records.schema.json', import.meta.url);

/** Returns a schema that accepts what the published one accepts. */
export function recordSchema(kind: RecordKind): z.ZodType {
  const file = JSON.parse(readFileSync(SCHEMAS, 'utf8')) as object;
  return z.fromJSONSchema({ ...file, $ref: `#/definitions/${kind}` });
}

/** Fails unless there are values and all of them have the published form. */
export function assertFits(kind: RecordKind, values: readonly unknown[]): void {
  const schema = recordSchema(kind);
  assert.ok(values.length > 0);
  for (const value of values) assert.deepEqual(schema.safeParse(value).error?.issues ?? [], []);
}
