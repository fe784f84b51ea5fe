/**
 * Finds and probes network ports of this machine.
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/** The stack's servers listen only here, because other machines must not reach their data. */
export const HOST = '127.0.0.1';

/** Number of consecutive ports to try before the system chooses one. */
const MAX_TRIED = 50;

/**
 * Ports that this process keeps for its servers, before these listen and while they restart. Without it, two stacks
 * that start at the same time could choose the same port, and one could take the other's server for its own. The system
 * gives all of them back when the process ends, however it ends.
 */
export class ClaimedPorts {
  /** A UDP port with the number of each TCP port: no server of a stack uses it, and only one process can have it. */
  readonly #sockets: Socket[] = [];

  /**
   * Claims a port that nothing listens on and that no process has claimed: `preferred`, else the first one after it,
   * else any.
   */
  async claim(preferred: number): Promise<number> {
    const candidates = Array.from({ length: MAX_TRIED }, (_, index) => preferred + index);
    for (const candidate of [...candidates.filter((port) => port < 65_536), ...Array<number>(MAX_TRIED).fill(0)]) {
      const socket = await bind(candidate);
      if (socket === undefined) continue;
      const { port } = socket.address();
      if ((await tryPort(port)) === undefined) {
        socket.close();
        continue;
      }
      this.#sockets.push(socket);
      return port;
    }
    throw noFreePort();
  }

  /** Gives the ports back. */
  release(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
  }
}

/** Returns a port that nothing listens on. */
export async function freePort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined) throw noFreePort();
  return port;
}

function noFreePort(): Error {
  return new Error(`Cannot find a free port on ${HOST}`);
}

/** Returns a UDP socket with this port, which does not keep the process alive; undefined if the port is taken. */
async function bind(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4').unref();
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ address: HOST, port, exclusive: true }, () => resolve(socket));
  });
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
