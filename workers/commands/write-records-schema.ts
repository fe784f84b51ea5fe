/**
 * The JSON Schemas of what a run and a comparison leave in their bucket (docs/records.md), made from the types in the
 * code. `npm run write-json-schema` writes them.
 */
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';
import { z } from 'zod';
import { specificationShape } from '../../activities/specification/specification.ts';

/** The documented objects: the name of a definition, and the file and the name of its type. */
const RECORDS = {
  decisions: ['activities/runs/sealing.ts', 'SealedRecord'],
  state: ['activities/runs/sealing.ts', 'StoredState'],
  result: ['activities/contracts/run-result.ts', 'RunResult'],
  comparison: ['activities/contracts/comparison.ts', 'ComparisonTable'],
} as const;

/** Path of the file with the schemas. */
export const RECORDS_SCHEMA_PATH = fileURLToPath(new URL('../../docs/records.schema.json', import.meta.url));

/** Returns the text of the file: one definition for each object, beside those of the types in it. Takes seconds. */
export function recordsSchemaText(): string {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const files = new Set(Object.values(RECORDS).map(([file]) => file));
  const generator = createGenerator({
    path: `${root}{${[...files].join(',')}}`,
    tsconfig: `${root}tsconfig.json`,
    expose: 'export',
    skipTypeCheck: true,
  });
  const definitions: Record<string, unknown> = {};
  for (const [name, [, type]] of Object.entries(RECORDS)) {
    definitions[name] = { $ref: `#/definitions/${type}` };
    Object.assign(definitions, generator.createSchema(type).definitions);
  }
  definitions['Specification'] = withFieldsOf(specificationShape, definitions['Specification'] as Definition);
  const whole = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    description: 'What a run and a comparison leave in their bucket (docs/records.md).',
    definitions,
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

type Definition = z.core.JSONSchema.BaseSchema;

/** The generator cannot see what zod infers: adds the fields of a schema that the definition does not have. */
function withFieldsOf(schema: z.ZodType, { properties: known, ...definition }: Definition): Definition {
  const { properties, required = [] } = z.toJSONSchema(schema, { target: 'draft-7', io: 'output' });
  return { ...definition, properties: { ...properties, ...known }, required };
}
