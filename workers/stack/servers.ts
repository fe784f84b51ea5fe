/**
 * Starts the two servers of a stack, unless they are the user's own.
 */
import type { ClaimedPorts } from '../processes/ports.ts';
import { findProgram } from '../processes/programs.ts';
import * as objectServer from './object-server.ts';
import type { ObjectServerPlan } from './object-server.ts';
import type { StackOptions } from './options.ts';
import type { StackProcesses } from './stack-processes.ts';
import * as temporalServer from './temporal-server.ts';
import type { TemporalServerPlan } from './temporal-server.ts';

const START_TIMEOUT_MS = 60_000;

/** The folders and the environment of a stack. */
export interface StackPlaces {
  readonly stateDirectory: string;
  readonly logDirectory: string;
  /** The environment of the stack's process. */
  readonly environment: NodeJS.ProcessEnv;
  /** Has the servers' ports until the stack has ended. */
  readonly ports: ClaimedPorts;
}

/** The addresses of the stack's servers. */
export interface StackServers {
  readonly temporal: { readonly own: boolean; readonly webUi: string | null };
  readonly s3: {
    readonly own: boolean;
    readonly endpoint: string | null;
    readonly credentialsFile: string | null;
    readonly folder: string | null;
  };
  /** Environment in which clients and workers find both. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Starts the servers that are not the user's own, and waits until they answer. */
export async function startServers(
  options: StackOptions,
  places: StackPlaces,
  processes: StackProcesses,
): Promise<StackServers> {
  const { temporal, s3 } = await planServers(options, places);
  const { environment } = places;
  for (const line of [temporal?.portChange, s3?.portChange]) if (line !== undefined) options.say?.(line);
  await Promise.all([
    temporal &&
      processes
        .add(temporal.process)
        .start(
          () => temporalServer.answers(temporal.address, { ...environment, ...temporal.environment }),
          START_TIMEOUT_MS,
        ),
    s3 && processes.add(s3.process).start(() => objectServer.answers(s3.endpoint), START_TIMEOUT_MS),
  ]);
  return {
    temporal: { own: temporal === undefined, webUi: temporal?.webUi ?? null },
    s3: {
      own: s3 === undefined,
      endpoint: s3?.endpoint ?? ownEndpoint(environment),
      credentialsFile: s3?.credentialsFile ?? null,
      folder: s3?.folder ?? null,
    },
    environment: { ...environment, ...temporal?.environment, ...s3?.environment },
  };
}

/** Plans the servers. Returns undefined for a server that is the user's own. */
async function planServers(
  options: StackOptions,
  places: StackPlaces,
): Promise<{ readonly temporal: TemporalServerPlan | undefined; readonly s3: ObjectServerPlan | undefined }> {
  const wanted = wantedServers(options, places.environment);
  const temporal =
    wanted.temporal === 'own'
      ? undefined
      : await temporalServer.planTemporalServer({
          ...places,
          program: findProgram('temporal', places.environment),
          port: options.ports?.temporal,
          webUiPort: options.ports?.webUi,
          dynamicConfig: options.dynamicConfig,
        });
  const s3 =
    wanted.s3 === 'own'
      ? undefined
      : await objectServer.planObjectServer({
          ...places,
          program: findProgram('rclone', places.environment),
          port: options.ports?.s3,
        });
  return { temporal, s3 };
}

/** Returns whose servers to use: what the options say, else the user's own if the environment names them. */
export function wantedServers(
  { temporal, s3 }: Pick<StackOptions, 'temporal' | 's3'>,
  environment: NodeJS.ProcessEnv,
): { readonly temporal: 'local' | 'own'; readonly s3: 'local' | 'own' } {
  return {
    temporal: temporal ?? defaultOwner(environment, ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE']),
    s3: s3 ?? defaultOwner(environment, ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL']),
  };
}

function defaultOwner(environment: NodeJS.ProcessEnv, variables: readonly string[]): 'local' | 'own' {
  return variables.some((variable) => (environment[variable] ?? '') !== '') ? 'own' : 'local';
}

/** Returns the endpoint of the user's own S3, if the environment names one. */
export function ownEndpoint(environment: NodeJS.ProcessEnv): string | null {
  return environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'] || null;
}
