/**
 * The JSON Schema of specifications, for editors.
 */
import { z } from 'zod';
import { specificationShape } from './specification.ts';

/** The part of a task that editors need. */
export interface KnownTask {
  readonly kind: string;
  readonly description: string;
  readonly settings: z.ZodType;
}

/**
 * Returns the JSON Schema of specifications as people write them, without the rules between fields. With `from`
 * (continuation.ts) or `run` (retracing.ts), other fields are optional. The settings of `tasks` are checked; other
 * tasks may have any settings.
 */
export function specificationJsonSchema(tasks: readonly KnownTask[]): Record<string, unknown> {
  const { properties, required, ...rest } = z.toJSONSchema(specificationShape, { io: 'input' });
  const task = { description: specificationShape.shape.task.description, anyOf: taskSchemas(tasks) };
  const from = {
    description:
      'Folder of an earlier run, `<workflow id>/<first run id>`, to resume from its newest round. Only `steps`, ' +
      '`storage` and `trainers` may differ from that run.',
    type: 'string',
  };
  const run = {
    description:
      'Folder of a finished run, for workflow type retrace, which trains its schedule again. Only `seed`, `storage`, ' +
      '`threads` and `trainers` may be set beside it.',
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
    const { $schema: _, ...schema } = z.toJSONSchema(settings, { io: 'input' });
    const { oneOf: alternatives } = schema;
    return alternatives
      ? { description, oneOf: alternatives.map((alternative) => withKind(kind, alternative)) }
      : { ...withKind(kind, schema), description };
  });
  const other = { type: 'string', not: { enum: tasks.map(({ kind }) => kind) } };
  return [
    ...known,
    { description: 'A task of your own.', type: 'object', properties: { kind: other }, required: ['kind'] },
  ];
}

function withKind(kind: string, { properties, required, ...schema }: z.core.JSONSchema.BaseSchema): object {
  return {
    ...schema,
    properties: { kind: { const: kind }, ...properties },
    required: ['kind', ...(required ?? [])],
  };
}
