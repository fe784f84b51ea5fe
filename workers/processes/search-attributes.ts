/**
 * Checks that a Temporal server has the search attributes of the runs. The user must register them on a server of
 * their own.
 */
import type { TemporalConnection } from './temporal-connection.ts';
import { shellWord } from '../../workflows/population/names.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../workflows/run/search-attributes.ts';
import { UserError, reasonOf } from './user-error.ts';

/** The part that the connections of workers and clients have in common. */
interface OperatorConnection {
  readonly operatorService: {
    listSearchAttributes(request: {
      readonly namespace: string;
    }): Promise<{ readonly customAttributes?: Readonly<Record<string, unknown>> | null }>;
  };
}

/**
 * Checks that the namespace has the search attributes. Without them a run cannot report its progress, and its workflow
 * tasks fail forever.
 *
 * @throws UserError if some are missing, with the commands that create them on a self-hosted server and on Temporal
 *   Cloud; or if the server does not list them
 */
export async function requireSearchAttributes({
  connection,
  namespace,
  address,
}: TemporalConnection<OperatorConnection>): Promise<void> {
  const known = await listSearchAttributes(connection, namespace).catch((error: unknown) => {
    const names = Object.entries(SEARCH_ATTRIBUTE_TYPES).map(([name, type]) => `${name} (${type})`);
    throw new UserError(
      `Cannot list the search attributes of namespace ${namespace} on Temporal at ${address}: ` +
        `${reasonOf(error)} (runs need ${names.join(', ')}, and the credentials must be allowed to list search ` +
        `attributes)`,
      { cause: error },
    );
  });
  const missing = Object.entries(SEARCH_ATTRIBUTE_TYPES).filter(([name]) => !known.includes(name));
  if (missing.length === 0) return;
  // Temporal Cloud manages them with its own tool, not with the CLI.
  const selfHosted =
    `temporal operator search-attribute create --namespace ${shellWord(namespace)} ` +
    `${missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ')}`;
  const cloud =
    `tcld namespace search-attributes add --namespace ${shellWord(namespace)} ` +
    `${missing.map(([name, type]) => `--search-attribute ${name}=${type}`).join(' ')}`;
  throw new UserError(
    `Cannot use Temporal at ${address}: namespace ${namespace} has no search attributes ` +
      `${missing.map(([name]) => name).join(', ')}. Create them once. On a self-hosted server: ${selfHosted}. On ` +
      `Temporal Cloud: use its web UI or ${cloud}`,
  );
}

async function listSearchAttributes({ operatorService }: OperatorConnection, namespace: string): Promise<string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return Object.keys(customAttributes ?? {});
}
