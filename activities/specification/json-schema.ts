/**
 * The JSON Schema of specifications, for editors.
 */
import { z } from 'zod';
import { specificationShape } from './specification.ts';

/** A task as far as editors are told of it. */
export interface KnownTask {
  readonly kind: string;
  readonly description: string;
  readonly settings: z.ZodType;
}

/**
 * Returns the JSON Schema of what people write, without the rules between fields. With `from` (continuation.ts) or
 * `run` (retracing.ts) the rest may be left out. `tasks` are those whose settings are known; others may have any.
 */
export function specificationJsonSchema(tasks: readonly KnownTask[]): Record<string, unknown> {
  const { properties, required, ...rest } = z.toJSONSchema(specificationShape, { io: 'input' });
  const task = { description: specificationShape.shape.task.description, anyOf: taskSchemas(tasks) };
  const from = {
    description:
      "An earlier run's folder, `<workflow id>/<first run id>`: continue from its newest round. Only `steps` " +
      "and `storage` may differ from that run's.",
    type: 'string',
  };
  const run = {
    description:
      "A finished run's folder, for workflow type retrace: train its schedule once more. Only `seed`, `storage` " +
      'and `threads` may be given beside it.',
    type: 'string',
  };
  return {
    ...rest,
    properties: { from, run, ...properties, task },
    anyOf: [{ required }, { required: ['from'] }, { required: ['run'] }],
  };
}

function taskSchemas(tasks: readonly KnownTask[]): readonly object[] {
  const known = tasks.map(({ kind, description, settings }) => {
    const { $schema: _, properties, required, ...schema } = z.toJSONSchema(settings, { io: 'input' });
    return {
      ...schema,
      description,
      properties: { kind: { const: kind }, ...properties },
      required: ['kind', ...(required ?? [])],
    };
  });
  const other = { type: 'string', not: { enum: tasks.map(({ kind }) => kind) } };
  return [
    ...known,
    { description: 'A task of your own.', type: 'object', properties: { kind: other }, required: ['kind'] },
  ];
}
