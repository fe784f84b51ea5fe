/**
 * Finds and probes network ports of this machine.
 */
import { connect, createServer } from 'node:net';

/** The stack's servers listen only here, because other machines must not reach their data. */
export const HOST = '127.0.0.1';

/** Number of consecutive ports to try before the system chooses one. */
const MAX_TRIED = 50;

/**
 * Finds a port that nothing listens on: `preferred`, else the first free one after it, else any. Without `preferred` it
 * returns any free port. It never returns one of `taken`.
 */
export async function freePort(preferred?: number, taken: readonly number[] = []): Promise<number> {
  const candidates = preferred === undefined ? [] : Array.from({ length: MAX_TRIED }, (_, index) => preferred + index);
  for (const candidate of [...candidates.filter((port) => port < 65_536), ...Array<number>(MAX_TRIED).fill(0)]) {
    const port = await tryPort(candidate);
    if (port !== undefined && !taken.includes(port)) return port;
  }
  throw new Error(`Cannot find a free port on ${HOST}`);
}

/** Returns a line that says which port a server uses instead of the preferred one; undefined if it uses that one. */
export function describePortChange(server: string, preferred: number, port: number): string | undefined {
  return preferred === port ? undefined : `Port ${preferred} is taken: ${server} uses ${port}`;
}

/** Tells whether something listens at an address such as `127.0.0.1:7233`. */
export async function isListening(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host ?? HOST);
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Opens the port for a moment. Returns its number, or undefined if it is taken. */
async function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
