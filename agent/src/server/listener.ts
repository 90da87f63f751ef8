import { createConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { once } from 'node:events';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { AgentService } from '../../../src/model/wire/generated/vethscope_pb.js';
import { codeOf, Failure } from '../failure.ts';
import { agentService } from './agentService.ts';
import { authenticated } from './authentication.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Source } from './source.ts';

export interface ListenerOptions {
  readonly source: Source;
  readonly heartbeat: Heartbeat;
  readonly token: string;
  readonly version: string;
  /** Loopback address. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** An inventory push of a large cluster comes in pieces; nothing larger than this is read at once. */
const LARGEST_MESSAGE = 64 << 20;

/** How long streams may take to end when the listener closes, milliseconds. */
const GRACE = 500;

/** The agent's one listener: Connect over plain-text HTTP/2 on loopback. */
export class Listener {
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #shutdown = new AbortController();

  private constructor(options: ListenerOptions) {
    const serve = connectNodeAdapter({
      routes: (router: ReturnType<typeof createConnectRouter>) =>
        router.service(AgentService, agentService(options.source, options.heartbeat, options.version)),
      readMaxBytes: LARGEST_MESSAGE,
      shutdownSignal: this.#shutdown.signal,
      // Records are small numbers that a person waits for; compressing them would cost the node CPU.
      acceptCompression: [],
    });
    this.#server = createServer(authenticated(options.token, serve));
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
      // A client that goes away in the middle is no news; its streams end by their own signals.
      session.on('error', () => session.destroy());
    });
  }

  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    const listening = once(listener.#server, 'listening');
    listener.#server.listen(options.port, options.host);
    try {
      await listening;
    } catch (error) {
      throw new Failure(
        `cannot listen on ${options.host}:${options.port}: ${codeOf(error)}`,
        'Give --listen 127.0.0.1:0 to take any free port.',
        { cause: error },
      );
    }
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all streams and stops listening. */
  async close(): Promise<void> {
    this.#shutdown.abort();
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const session of this.#sessions) session.close();
    // Streams end by the signal; one whose reader stalled does not get that far.
    const late = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, GRACE);
    await closed;
    clearTimeout(late);
  }
}
