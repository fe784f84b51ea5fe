/**
 * `npm run write-json-schema`: writes the JSON Schemas of specifications, of the trainer contract and of what lies in
 * the bucket. Run it after a change of any of them.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { describeRequest, taskComplaint, taskDescription } from '../../activities/contracts/task-schema.ts';
import {
  reportOutcome,
  reportRequest,
  trainOutcome,
  trainRequest,
} from '../../activities/contracts/training-schema.ts';
import { SHIPPED_TASKS } from '../../activities/tasks/shipped.ts';
import { specificationJsonSchema } from '../../activities/specification/json-schema.ts';

const CONTRACT = {
  describeRequest,
  taskDescription,
  taskComplaint,
  trainRequest,
  trainOutcome,
  reportRequest,
  reportOutcome,
};

/** Path of the JSON Schema. Editors find it by `"$schema": "./specification.schema.json"` in an experiment. */
export const JSON_SCHEMA_PATH = fileURLToPath(new URL('../../experiments/specification.schema.json', import.meta.url));
/** Path of the JSON Schemas of what trainers take and answer. */
export const CONTRACT_SCHEMA_PATH = fileURLToPath(new URL('../../docs/trainer-contract.schema.json', import.meta.url));

/** Returns the text of the JSON Schema file. */
export function jsonSchemaText(): string {
  return `${JSON.stringify(specificationJsonSchema(SHIPPED_TASKS), null, 2)}\n`;
}

/** Returns the text of the file with the trainer contract's schemas, one definition for each request and answer. */
export function contractSchemaText(): string {
  const definitions = Object.entries(CONTRACT).map(([name, schema]) => {
    const { $schema: _, ...definition } = z.toJSONSchema(schema, { io: 'input' });
    return [name, definition];
  });
  const whole = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    description: 'What trainers take and answer (docs/trainer-contract.md).',
    $defs: Object.fromEntries(definitions) as Record<string, unknown>,
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(JSON_SCHEMA_PATH, jsonSchemaText());
  writeFileSync(CONTRACT_SCHEMA_PATH, contractSchemaText());
  const { RECORDS_SCHEMA_PATH, recordsSchemaText } = await import('./write-records-schema.ts');
  writeFileSync(RECORDS_SCHEMA_PATH, recordsSchemaText());
}
