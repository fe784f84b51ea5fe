/**
 * Ports of this machine that nobody listens on.
 */
import { createServer } from 'node:net';

/** How many are tried in a row before any free one is taken. */
const TRIED = 50;

/** Returns `preferred` or the first free one after it, never one of `taken`. */
export async function freePort(preferred: number, taken: readonly number[] = []): Promise<number> {
  for (let port = preferred; port < Math.min(preferred + TRIED, 65_536); port += 1) {
    if (!taken.includes(port) && (await listen(port)) !== undefined) return port;
  }
  const any = await listen(0);
  if (any === undefined) throw new Error(`Cannot find a free port on ${HOST}`);
  return any;
}

/** Says that a port was not the one wished for; undefined where it was. */
export function describePortChange(what: string, wanted: number, port: number): string | undefined {
  return wanted === port ? undefined : `Port ${wanted} is taken: ${what} uses ${port}`;
}

/** Servers of the stack listen here: what they keep is this user's business. */
export const HOST = '127.0.0.1';

/** Listens for a moment; returns the port, or undefined where somebody else does. */
async function listen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
