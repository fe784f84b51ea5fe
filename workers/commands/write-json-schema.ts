/**
 * `npm run write-json-schema`: writes experiments/specification.schema.json. Run it after a change of the
 * specification.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SHIPPED_TASKS } from '../../activities/tasks/shipped.ts';
import { specificationJsonSchema } from '../../activities/specification/json-schema.ts';

/** Path of the JSON Schema. Editors find it by `"$schema": "./specification.schema.json"` in an experiment. */
export const JSON_SCHEMA_PATH = fileURLToPath(new URL('../../experiments/specification.schema.json', import.meta.url));

/** Returns the text of the JSON Schema file. */
export function jsonSchemaText(): string {
  return `${JSON.stringify(specificationJsonSchema(SHIPPED_TASKS), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(JSON_SCHEMA_PATH, jsonSchemaText());
