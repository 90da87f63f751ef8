import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { WebSocketServer, type WebSocket } from 'ws';
import { ApiClient } from '../client.ts';
import type { Kubeconfig, KubeconfigUser } from '../kubeconfig.ts';

/** An API server whose every answer is written by the test, for what a real one does not do on demand. */
export class ScriptedApiServer {
  readonly requests: {
    method: string;
    path: string;
    query: URLSearchParams;
    headers: IncomingMessage['headers'];
  }[] = [];
  /** Answers plain requests. */
  answer: (request: IncomingMessage, response: ServerResponse, url: URL) => void = (_request, response) => {
    response.writeHead(500).end();
  };
  /** Takes WebSockets; absent: upgrades are refused with 403. */
  accept: ((socket: WebSocket, url: URL) => void) | null = null;
  protocols: readonly string[] = ['v4.channel.k8s.io'];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://server');
      this.requests.push({
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
      });
      this.answer(request, response, url);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    const upgrades = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => this.protocols.find((protocol) => offered.has(protocol)) ?? false,
    });
    this.#server.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '/', 'http://server');
      if (this.accept === null) {
        const body = JSON.stringify(forbidden('create', 'pods/portforward', 'shop'));
        socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        return;
      }
      upgrades.handleUpgrade(request, socket, head, (webSocket) => this.accept?.(webSocket, url));
    });
  }

  static async start(): Promise<ScriptedApiServer> {
    const server = new ScriptedApiServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  client(timeoutMilliseconds = 5000, user: KubeconfigUser['user'] = {}): ApiClient {
    return new ApiClient(kubeconfigFor(this.url, user), 'test', { timeoutMilliseconds });
  }

  /** Breaks every connection, as a network that went away. */
  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.breakConnections();
    await closed;
  }
}

export function kubeconfigFor(server: string, user: KubeconfigUser['user'] = {}): Kubeconfig {
  return {
    files: ['test.yaml'],
    missing: [],
    currentContext: 'test',
    contexts: [{ name: 'test', file: 'test.yaml', cluster: 'test', user: 'test' }],
    clusters: [{ name: 'test', file: 'test.yaml', cluster: { server } }],
    users: [{ name: 'test', file: 'test.yaml', user }],
  };
}

export function sendJson(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

export const forbidden = (verb: string, resource: string, namespace: string): object => ({
  kind: 'Status',
  status: 'Failure',
  code: 403,
  reason: 'Forbidden',
  message: `${resource} is forbidden: User "dev" cannot ${verb} resource "${resource}" in API group "" in the namespace "${namespace}"`,
});
