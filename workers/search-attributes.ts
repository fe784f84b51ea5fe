/**
 * Whether a Temporal server knows the search attributes of the runs: one of the user's own must have them registered.
 */
import type { TemporalConnection } from './temporal-connection.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../workflows/search-attributes.ts';
import { PlainFailure } from './plain-failure.ts';

/** What it takes to ask: a worker's connection and a client's both can. */
interface OperatorConnection {
  readonly operatorService: { listSearchAttributes(request: { readonly namespace: string }): Promise<{ readonly customAttributes?: Readonly<Record<string, unknown>> | null }> };
}

/**
 * Makes sure that the namespace has them: without them a run could not report its progress, and its workflow tasks would fail for ever.
 *
 * @throws PlainFailure with the command that creates them
 */
export async function requireSearchAttributes({ connection, namespace, address }: TemporalConnection<OperatorConnection>): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(SEARCH_ATTRIBUTE_TYPES).filter(([name]) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  const options = missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
  throw new PlainFailure(
    `Cannot use Temporal at ${address}: namespace ${namespace} has no search attributes ${missing.map(([name]) => name).join(', ')}. Create them once: temporal operator search-attribute create --namespace ${namespace} ${options}`,
  );
}
