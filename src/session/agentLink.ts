import type { Duplex } from 'node:stream';
import { createClient, type Client, type Interceptor } from '@connectrpc/connect';
import { Http2SessionManager, createConnectTransport } from '@connectrpc/connect-node';
import { AgentService } from '../model/wire/generated/vethscope_pb.js';

/** One connection to an agent: an HTTP/2 session on one Duplex, and the client that calls through it. */
export interface AgentLink {
  readonly client: Client<typeof AgentService>;
  /** Aborted when the connection is over, with why; every call of this link takes it. */
  readonly signal: AbortSignal;
  /** Ends the connection and everything on it. */
  close(reason: Error): void;
}

/** Bytes an agent may send ahead of what we read, for each stream. */
const STREAM_WINDOW_BYTES = 1 << 20;

export function linkAgent(connection: Duplex, token: string): AgentLink {
  const over = new AbortController();
  let used = false;
  const sessions = new Http2SessionManager(
    'http://agent',
    // Heartbeats notice a dead connection earlier; an idle one is not to be closed.
    { idleConnectionTimeoutMs: 2 ** 31 - 1 },
    {
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
      createConnection: () => {
        // The manager would open a second connection by itself; how one is replaced is decided above.
        if (used) throw new Error('the connection to the agent is over');
        used = true;
        return connection;
      },
    },
  );
  const close = (reason: Error): void => {
    if (over.signal.aborted) return;
    over.abort(reason);
    sessions.abort(reason);
    connection.destroy();
  };
  connection.once('error', close);
  connection.once('close', () => close(new Error('the connection was closed')));
  const authorize: Interceptor = (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
  const transport = createConnectTransport({
    baseUrl: 'http://agent',
    httpVersion: '2',
    sessionManager: sessions,
    interceptors: [authorize],
    // Records are packed already, and the agent's CPU is the node's.
    acceptCompression: [],
  });
  return { client: createClient(AgentService, transport), signal: over.signal, close };
}
