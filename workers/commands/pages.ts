/**
 * `npm run pages`: serves the pages of all runs and comparisons on this machine, until it is interrupted.
 */
import { DEFAULT_BUCKET } from '../../activities/storage/layout.ts';
import { DEFAULT_PORT, LivePages } from '../pages/live-pages.ts';
import { servePages } from '../pages/serving.ts';
import { parseWholeNumber, readOptions } from '../processes/command-line.ts';
import { listenForInterruption } from '../processes/interruption.ts';
import { OBJECT_OPTIONS, withObjects } from '../processes/object-access.ts';
import { runningStackEnvironment } from '../processes/stack-connection.ts';
import { connectClient } from '../processes/temporal-connection.ts';
import { runProcess } from '../processes/user-error.ts';
import { wantedServers } from '../stack/servers.ts';
import { HELP } from './help.mjs';

await runProcess(async () => {
  const options = readOptions({ port: { type: 'string' }, ...OBJECT_OPTIONS }, HELP.pages);
  const port = parseWholeNumber('port', options.port, 1, 65_535);
  const { bucket = DEFAULT_BUCKET, directory } = options;
  const interruption = listenForInterruption();
  const temporal = await connect(directory);
  await withObjects(directory, async (objects) => {
    const pages = new LivePages({ objects, bucket, client: temporal?.client ?? null });
    const choice = port === undefined ? { preferred: DEFAULT_PORT } : { exactly: port };
    const server = await servePages(choice, (url) => pages.answer(url));
    console.log(`Pages      ${server.address}`);
    console.log(
      temporal
        ? `Temporal   ${temporal.address}, namespace ${temporal.namespace}`
        : 'Temporal   none: the pages have what is in the bucket. TEMPORAL_ADDRESS or a profile names a server.',
    );
    console.log('Press Ctrl-C to end them.');
    await interruption.first;
    await server.stop();
  });
  await temporal?.connection.close();
  return 0;
});

/** Connects to the server of the running local stack, else to one that the environment names, if it names one. */
async function connect(directory: string | undefined): Promise<Awaited<ReturnType<typeof connectClient>> | undefined> {
  const environment = await runningStackEnvironment(directory);
  if (environment !== undefined) return connectClient(environment);
  return wantedServers({}, process.env).temporal === 'own' ? connectClient() : undefined;
}
