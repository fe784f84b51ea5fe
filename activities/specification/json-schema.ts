/**
 * The JSON Schema of specifications, for editors.
 */
import { z } from 'zod';
import { specificationShape } from './specification.ts';

/**
 * Returns the JSON Schema of what people write, without the rules between fields. With `from` (continuation.ts) or
 * `run` (retracing.ts) the rest may be left out.
 */
export function specificationJsonSchema(): Record<string, unknown> {
  const { properties, required, ...rest } = z.toJSONSchema(specificationShape, { io: 'input' });
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
    properties: { from, run, ...properties },
    anyOf: [{ required }, { required: ['from'] }, { required: ['run'] }],
  };
}
