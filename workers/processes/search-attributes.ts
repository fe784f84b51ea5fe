/**
 * Whether a Temporal server knows the search attributes of the runs: one of the user's own must have them registered.
 */
import type { TemporalConnection } from './temporal-connection.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../workflows/run/search-attributes.ts';
import { UserError, reasonOf } from './user-error.ts';

/** What it takes to ask: a worker's connection and a client's both can. */
interface OperatorConnection {
  readonly operatorService: {
    listSearchAttributes(request: {
      readonly namespace: string;
    }): Promise<{ readonly customAttributes?: Readonly<Record<string, unknown>> | null }>;
  };
}

/**
 * Makes sure that the namespace has them: without them a run could not report its progress, and its workflow tasks
 * would fail for ever.
 *
 * @throws UserError with the commands that create them, one for a server of one's own and one for Temporal Cloud, or
 *   saying that the server does not tell
 */
export async function requireSearchAttributes({
  connection,
  namespace,
  address,
}: TemporalConnection<OperatorConnection>): Promise<void> {
  const known = await listSearchAttributes(connection, namespace).catch((error: unknown) => {
    const names = Object.entries(SEARCH_ATTRIBUTE_TYPES).map(([name, type]) => `${name} (${type})`);
    throw new UserError(
      `Cannot ask Temporal at ${address} for the search attributes of namespace ${namespace}: ` +
        `${reasonOf(error)} (runs need ${names.join(', ')}; these credentials need the right to list search ` +
        `attributes)`,
      { cause: error },
    );
  });
  const missing = Object.entries(SEARCH_ATTRIBUTE_TYPES).filter(([name]) => !known.includes(name));
  if (missing.length === 0) return;
  // Temporal Cloud's are managed with its own tool, not with the CLI.
  const own =
    `temporal operator search-attribute create --namespace ${namespace} ` +
    `${missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ')}`;
  const cloud =
    `tcld namespace search-attributes add --namespace ${namespace} ` +
    `${missing.map(([name, type]) => `--search-attribute ${name}=${type}`).join(' ')}`;
  throw new UserError(
    `Cannot use Temporal at ${address}: namespace ${namespace} has no search attributes ` +
      `${missing.map(([name]) => name).join(', ')}. Create them once. On a server of one's own: ${own}. On ` +
      `Temporal Cloud, in its web UI or by: ${cloud}`,
  );
}

async function listSearchAttributes({ operatorService }: OperatorConnection, namespace: string): Promise<string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return Object.keys(customAttributes ?? {});
}
