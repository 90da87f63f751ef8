import http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import { createClient, type Client, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport, type ConnectTransportOptions } from '@connectrpc/connect-node';
import { AgentService } from '../model/wire/generated/vethscope_pb.js';

/** One connection to an agent: an HTTP/2 session on one Duplex, and the client that calls through it. */
export interface AgentLink {
  readonly client: Client<typeof AgentService>;
  /** Aborted when the connection is over, with why; every call of this link takes it. */
  readonly signal: AbortSignal;
  /** Ends the connection and everything on it. */
  close(reason: Error): void;
}

type SessionManager = NonNullable<Extract<ConnectTransportOptions, { httpVersion: '2' }>['sessionManager']>;

/** A name for the URL only: the connection is there already. */
const AUTHORITY = 'http://agent';
/** Bytes an agent may send ahead of what we read: of one stream, and of all together. */
const STREAM_WINDOW_BYTES = 1 << 20;
const SESSION_WINDOW_BYTES = 4 << 20;

export function linkAgent(connection: Duplex, token: string): AgentLink {
  const over = new AbortController();
  const session = http2.connect(AUTHORITY, {
    createConnection: () => connection,
    settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
  });
  const close = (reason: Error): void => {
    if (over.signal.aborted) return;
    over.abort(reason);
    session.destroy();
    connection.destroy();
  };
  session.once('connect', () => session.setLocalWindowSize(SESSION_WINDOW_BYTES));
  connection.on('error', close);
  session.on('error', close);
  session.once('goaway', () => close(new Error('the agent is leaving')));
  session.once('close', () => close(new Error('the connection was closed')));
  const authorize: Interceptor = (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
  const transport = createConnectTransport({
    baseUrl: AUTHORITY,
    httpVersion: '2',
    sessionManager: managerOf(session),
    interceptors: [authorize],
    // Records are packed already, and the agent's CPU is the node's.
    acceptCompression: [],
  });
  return { client: createClient(AgentService, transport), signal: over.signal, close };
}

/**
 * connect-node's own manager opens another connection by itself and rejects unhandled when one dies while it opens;
 * here a connection is opened once, and what follows its end is decided by who asked for it.
 */
function managerOf(session: http2.ClientHttp2Session): SessionManager {
  return {
    authority: AUTHORITY,
    request: (method, path, headers, options) =>
      new Promise((resolve, reject) => {
        if (session.destroyed || session.closed) {
          reject(new Error('the connection to the agent is over'));
          return;
        }
        const stream = session.request({ ...headers, ':method': method, ':path': path }, options);
        // Over a Duplex that is no socket Node handles a whole answer that came in one piece before it tells of its
        // start. Http2Stream.closed is true by then, and an async iterator takes that for a premature close though
        // everything is still to be read. Closed for readers is what was destroyed.
        Object.defineProperty(stream, 'closed', { get: () => stream.destroyed });
        resolve(stream);
      }),
    // Heartbeats of the service tell whether the connection lives.
    notifyResponseByteRead: () => {},
  };
}
