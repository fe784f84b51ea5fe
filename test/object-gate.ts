/**
 * A way to a real S3 server on which a test answers chosen requests with errors, as a server with other rights or
 * without some requests does.
 */
import { createServer, request as forward } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HOST } from '../workers/processes/ports.ts';
import type { ObjectServer } from './object-server.ts';
import type { AddressInfo } from 'node:net';

/** What a client asks for. */
export interface GatedRequest {
  readonly action:
    | 'AbortMultipartUpload'
    | 'CompleteMultipartUpload'
    | 'CreateBucket'
    | 'CreateMultipartUpload'
    | 'DeleteObject'
    | 'DeleteObjects'
    | 'GetObject'
    | 'HeadBucket'
    | 'HeadObject'
    | 'ListObjectsV2'
    | 'PutObject'
    | 'UploadPart';
  /** Empty for a bucket. */
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
}

/** An error as S3 servers send it. */
export interface GateError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export const ACCESS_DENIED: GateError = { status: 403, code: 'AccessDenied', message: 'Access Denied' };

export interface ObjectGate {
  /** The server as clients see it through the gate. */
  readonly server: ObjectServer;
  /** All requests so far. */
  readonly requests: GatedRequest[];
  /** From now on answers the requests for which the rule returns an error. */
  readonly refuse: (rule: (request: GatedRequest) => GateError | undefined) => void;
  /** From now on all requests pass. */
  readonly open: () => void;
  readonly stop: () => Promise<void>;
}

/** Opens a gate to the server. */
export async function startObjectGate(server: ObjectServer): Promise<ObjectGate> {
  const requests: GatedRequest[] = [];
  let rule: (request: GatedRequest) => GateError | undefined = () => undefined;
  const gate = createServer((incoming, outgoing) => {
    const asked = requestOf(incoming);
    requests.push(asked);
    const error = rule(asked);
    if (error) answer(incoming, outgoing, asked, error);
    else pass(server.endpoint, incoming, outgoing);
  });
  await new Promise<void>((resolve) => gate.listen(0, HOST, resolve));
  const endpoint = `http://${HOST}:${(gate.address() as AddressInfo).port}`;
  return {
    server: {
      ...server,
      endpoint,
      options: { ...server.options, endpoint },
      environment: { ...server.environment, AWS_ENDPOINT_URL_S3: endpoint },
    },
    requests,
    refuse: (refused) => (rule = refused),
    open: () => (rule = () => undefined),
    stop: async () => {
      gate.closeAllConnections();
      await new Promise((resolve) => gate.close(resolve));
    },
  };
}

const ACTIONS: Readonly<Record<string, GatedRequest['action']>> = {
  'PUT bucket': 'CreateBucket',
  'PUT object': 'PutObject',
  'HEAD bucket': 'HeadBucket',
  'HEAD object': 'HeadObject',
  'GET bucket': 'ListObjectsV2',
  'GET object': 'GetObject',
  'DELETE object': 'DeleteObject',
  'POST bucket delete': 'DeleteObjects',
  'POST object uploads': 'CreateMultipartUpload',
  'PUT object uploadId': 'UploadPart',
  'POST object uploadId': 'CompleteMultipartUpload',
  'DELETE object uploadId': 'AbortMultipartUpload',
};

function requestOf({ method, url = '', headers }: IncomingMessage): GatedRequest {
  const { pathname, searchParams } = new URL(url, 'http://gate');
  const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
  const isBucket = key === '';
  const about = ['delete', 'uploads', 'uploadId'].find((name) => searchParams.has(name));
  const asked = `${method} ${isBucket ? 'bucket' : 'object'}${about === undefined ? '' : ` ${about}`}`;
  const action = ACTIONS[asked];
  if (action === undefined) throw new Error(`Expected a request that the store makes, got ${method} ${url}`);
  return { action, key, headers };
}

function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { action }: GatedRequest,
  { status, code, message }: GateError,
): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  incoming.resume().once('end', () => {
    outgoing.writeHead(status, { 'content-type': 'application/xml' });
    outgoing.end(action.startsWith('Head') ? undefined : body);
  });
}

function pass(endpoint: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url, headers } = incoming;
  const { hostname, port } = new URL(endpoint);
  // The client signed the host that it asked.
  const through = forward({ hostname, port, method, path: url, headers }, (answered) => {
    outgoing.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(outgoing);
  });
  through.on('error', () => outgoing.destroy());
  incoming.pipe(through);
}
