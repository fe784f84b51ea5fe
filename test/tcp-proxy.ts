/**
 * A way to a server that a test can cut: it forwards, refuses connections, or resets them in the middle.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const HOST = '127.0.0.1';

export interface TcpProxy {
  /** Where clients connect, the same for as long as the proxy lives. */
  readonly port: number;
  /** Connections go through: so it begins. */
  readonly forward: () => Promise<void>;
  /** Nobody listens: those connected are reset, others refused. */
  readonly refuse: () => Promise<void>;
  /** Connections are made, and reset once `afterBytes` have gone either way; those under way are counted on. */
  readonly reset: (afterBytes: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const clients = new Set<Socket>();
  let resetAfterBytes = Infinity;
  const server = createServer((client) => {
    clients.add(client);
    const target = connect(targetPort, HOST);
    let bytes = 0;
    const end = (): void => {
      clients.delete(client);
      client.resetAndDestroy();
      target.destroy();
    };
    const pass = (to: Socket, from: Socket, chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes > resetAfterBytes) return end();
      if (!to.write(chunk)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    client.on('data', (chunk) => pass(target, client, chunk));
    target.on('data', (chunk) => pass(client, target, chunk));
    for (const socket of [client, target]) socket.on('error', end).on('close', end);
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const refuse = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()));
    for (const client of clients) client.resetAndDestroy();
    await closed;
  };
  const open = async (afterBytes: number): Promise<void> => {
    resetAfterBytes = afterBytes;
    if (!server.listening) await listen(server, port);
  };
  return { port, forward: () => open(Infinity), refuse, reset: open, stop: refuse };
}

async function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
