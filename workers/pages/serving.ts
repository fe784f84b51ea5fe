/**
 * A web server for this machine alone: it answers requests that read, from addresses that name this machine.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ClaimedPorts, HOST } from '../processes/ports.ts';
import { UserError } from '../processes/user-error.ts';

/** What a path leads to. */
export type Answer =
  | { readonly kind: 'page'; readonly status: number; readonly version: string; readonly html: string }
  | { readonly kind: 'redirect'; readonly to: string };

/** A running server. */
export interface PageServer {
  /** `http://127.0.0.1:8234`. */
  readonly address: string;
  /** Ends it and all its connections. Whatever the answers need may end afterwards: none is being made any more. */
  readonly stop: () => Promise<void>;
}

/** Returns the answer to a path with its query. It may not fail. */
export type Respond = (url: URL) => Promise<Answer>;

/** Names of this machine. A page of another site that has its own name resolve to this machine has none of them. */
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i;

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Type': 'text/html; charset=utf-8',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/** Which port a server listens on. */
export type PortChoice =
  /** The first free one from `preferred` on. */
  | { readonly preferred: number }
  /** This one and no other. */
  | { readonly exactly: number };

/**
 * Starts a server.
 *
 * @throws UserError if it cannot listen on the port that it must have
 */
export async function servePages(choice: PortChoice, respond: Respond): Promise<PageServer> {
  const answers = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const answering = answer(request, response, respond).finally(() => answers.delete(answering));
    answers.add(answering);
  });
  await listen(server, choice);
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://${HOST}:${port}`,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      // A retry to a connection that was closed meanwhile would end the process.
      await Promise.allSettled(answers);
    },
  };
}

async function listen(server: Server, choice: PortChoice): Promise<void> {
  const ports = new ClaimedPorts();
  try {
    for (;;) {
      const port = 'exactly' in choice ? choice.exactly : await ports.claim(choice.preferred);
      const code = await tryToListen(server, port);
      if (code === undefined) return;
      // Another process was faster.
      if (code === 'EADDRINUSE' && !('exactly' in choice)) continue;
      const why = code === 'EADDRINUSE' ? 'it is taken' : code;
      throw new UserError(`Cannot serve pages on port ${port}: ${why}; choose another with --port`);
    }
  } finally {
    // A server that listens keeps its port by itself: it never restarts.
    ports.release();
  }
}

/** Returns the code of the error, if there is one. */
async function tryToListen(server: Server, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    server.once('error', fail);
    server.listen(port, HOST, () => {
      server.off('error', fail);
      resolve(undefined);
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, respond: Respond): Promise<void> {
  const { method = '', headers } = request;
  const refuse = (status: number, why: string, more: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8', ...more }).end(`${why}\n`);
  };
  if (!LOOPBACK.test(headers.host ?? '')) return refuse(403, 'Expected the host to be 127.0.0.1 or localhost');
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'Expected GET or HEAD', { Allow: 'GET, HEAD' });
  if (!URL.canParse(request.url ?? '', 'http://localhost')) return refuse(400, 'Expected a path');
  const url = new URL(request.url ?? '', 'http://localhost');
  if (url.pathname === '/favicon.ico') return void response.writeHead(204, HEADERS).end();
  const found = await respond(url);
  if (found.kind === 'redirect') return void response.writeHead(302, { ...HEADERS, Location: found.to }).end();
  const { status, version, html } = found;
  const tag = version === '' ? undefined : `"${version}"`;
  if (tag !== undefined && headers['if-none-match'] === tag)
    return void response.writeHead(304, { ...HEADERS, ETag: tag }).end();
  response.writeHead(status, {
    ...HEADERS,
    ...(tag === undefined ? {} : { ETag: tag }),
    'Content-Length': Buffer.byteLength(html),
  });
  response.end(method === 'HEAD' ? undefined : html);
}
