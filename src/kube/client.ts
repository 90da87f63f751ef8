import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import { Credentials, type RequestCredentials } from './credentials.ts';
import { KubeError, type Access } from './errors.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { networkError } from './networkErrors.ts';
import { accessTo, apiPath, type ResourcePath } from './resources.ts';
import { parseStatus, statusError } from './statusErrors.ts';

export interface ApiClientOptions {
  /** For one request, from its start to the end of the answer; for a watch, to the first byte. */
  readonly timeoutMilliseconds: number;
  readonly onProgress?: ((message: string | null) => void) | undefined;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface CallOptions {
  readonly query?: Query;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMilliseconds?: number;
}

interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly access: Access;
  readonly body?: unknown;
}

const RETRIES_WHEN_BUSY = 3;
const USER_AGENT = 'vethscope';

/**
 * Requests to one API server as one user, over kept-alive connections. On node:https and not on client-node's generated
 * clients: those open a connection for every request, have no time-outs, and lists and watches need the raw stream.
 */
export class ApiClient {
  readonly server: string;
  readonly context: string;
  readonly namespace: string;
  readonly #credentials: Credentials;
  readonly #timeoutMilliseconds: number;

  /** @throws KubeError of kind `kubeconfig` when the context is not complete */
  constructor(kubeconfig: Kubeconfig, context: string, options: ApiClientOptions) {
    this.#credentials = new Credentials(kubeconfig, context, options);
    this.#timeoutMilliseconds = options.timeoutMilliseconds;
    this.server = this.#credentials.server;
    this.namespace = this.#credentials.namespace;
    this.context = context;
  }

  /** The place in messages: server and context. */
  get where(): string {
    return `${this.server}, context ${this.context}`;
  }

  get<T>(path: ResourcePath, options: CallOptions = {}): Promise<T> {
    return this.#json<T>({ ...options, method: 'GET', path: apiPath(path), access: accessTo('get', path) });
  }

  list<T>(path: ResourcePath, options: CallOptions = {}): Promise<T> {
    return this.#json<T>({ ...options, method: 'GET', path: apiPath(path), access: accessTo('list', path) });
  }

  create<T>(path: ResourcePath, body: unknown, options: CallOptions = {}): Promise<T> {
    const access = accessTo('create', path);
    return this.#json<T>({ ...options, method: 'POST', path: apiPath(path), access, body });
  }

  delete<T>(path: ResourcePath, body: unknown, options: CallOptions = {}): Promise<T> {
    const access = accessTo('delete', path);
    return this.#json<T>({ ...options, method: 'DELETE', path: apiPath(path), access, body });
  }

  /** Plain text, for example a pod's log. */
  async text(path: ResourcePath, options: CallOptions = {}): Promise<string> {
    const call: Call = { ...options, method: 'GET', path: apiPath(path), access: accessTo('get', path) };
    return this.#withTimeout(call, async (signal) => text(await this.#answer(call, signal)));
  }

  /** The open answer of a watch. It ends with `signal`, never by a time-out of ours. */
  async watch(path: ResourcePath, query: Query, signal: AbortSignal): Promise<http.IncomingMessage> {
    const call: Call = {
      method: 'GET',
      path: apiPath(path),
      access: accessTo('watch', path),
      query: { ...query, watch: true },
    };
    // The signal lives as long as the answer; only the wait for the answer's head is bounded.
    const ended = new AbortController();
    const follow = (): void => ended.abort(signal.reason);
    signal.addEventListener('abort', follow, { once: true });
    const timer = setTimeout(() => ended.abort(timeoutReason()), this.#timeoutMilliseconds);
    try {
      signal.throwIfAborted();
      const answer = await this.#answer(call, ended.signal);
      answer.once('close', () => signal.removeEventListener('abort', follow));
      return answer;
    } catch (error) {
      signal.removeEventListener('abort', follow);
      throw this.#failure(error, ended.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** An open WebSocket to a subresource of a pod, paused: resume it when listening. @throws KubeError */
  async webSocket(
    path: ResourcePath,
    query: Query,
    protocols: readonly string[],
    signal?: AbortSignal,
  ): Promise<WebSocket> {
    const call: Call = { method: 'GET', path: apiPath(path), access: accessTo('create', path), query };
    return this.#withTimeout({ ...call, signal }, async (bounded) => {
      for (let attempt = 0; ; attempt++) {
        const credentials = await this.#credentials.forRequest();
        try {
          return await openWebSocket(this.#url(call, 'ws'), protocols, credentials, bounded);
        } catch (error) {
          if (!(error instanceof UpgradeRefused)) throw error;
          const again = error.code === 401 && attempt === 0 && this.#credentials.refused(credentials);
          if (!again) throw statusError(parseStatus(error.body, error.code), this.where, call.access);
        }
      }
    });
  }

  /** Ends idle connections. Open watches and WebSockets end with their own signals. */
  close(): void {
    this.#credentials.close();
  }

  async #json<T>(call: Call): Promise<T> {
    return this.#withTimeout(call, async (signal) => {
      const body = await text(await this.#answer(call, signal));
      try {
        return JSON.parse(body) as T;
      } catch (error) {
        throw new KubeError(
          {
            kind: 'server',
            what: 'The answer of the API server is not JSON',
            where: `${this.where}, ${call.path}`,
            why: error instanceof Error ? error.message : String(error),
            next: 'Check that "server" of the cluster in the kubeconfig is an API server.',
          },
          { cause: error },
        );
      }
    });
  }

  async #withTimeout<T>(call: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timeout = AbortSignal.timeout(call.timeoutMilliseconds ?? this.#timeoutMilliseconds);
    const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
    try {
      return await work(signal);
    } catch (error) {
      throw this.#failure(error, signal);
    }
  }

  /** An aborted stream reports "aborted" or "socket hang up"; the signal knows why. */
  #failure(error: unknown, signal: AbortSignal): KubeError {
    if (error instanceof KubeError) return error;
    return networkError(signal.aborted ? signal.reason : error, this.where);
  }

  /** The successful answer to a call, its body not yet read. */
  async #answer(call: Call, signal: AbortSignal): Promise<http.IncomingMessage> {
    let renewed = false;
    for (let attempt = 0; ; attempt++) {
      const credentials = await this.#credentials.forRequest();
      const answer = await send(this.#url(call, 'http'), call, credentials, signal);
      const code = answer.statusCode ?? 0;
      if (code >= 200 && code < 300) return answer;
      const status = parseStatus(await text(answer), code);
      if (code === 401 && !renewed && this.#credentials.refused(credentials)) {
        renewed = true;
        continue;
      }
      if (code === 429 && attempt < RETRIES_WHEN_BUSY) {
        const seconds = status.details?.retryAfterSeconds ?? Number(answer.headers['retry-after'] ?? 1);
        await delay(Math.min(Math.max(seconds, 0.1), 5) * 1000, undefined, { signal });
        continue;
      }
      throw statusError(status, this.where, call.access);
    }
  }

  #url(call: Call, scheme: 'http' | 'ws'): URL {
    const url = new URL(this.server + call.path);
    if (scheme === 'ws') url.protocol = url.protocol.replace('http', 'ws');
    for (const [name, value] of Object.entries(call.query ?? {})) {
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== undefined) url.searchParams.append(name, String(each));
      }
    }
    return url;
  }
}

const timeoutReason = (): DOMException => new DOMException('The request timed out', 'TimeoutError');

function send(
  url: URL,
  call: Call,
  credentials: RequestCredentials,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const payload = call.body === undefined ? null : Buffer.from(JSON.stringify(call.body));
  const { request } = url.protocol === 'http:' ? http : https;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        ...credentials.options,
        method: call.method,
        signal,
        headers: {
          ...headersOf(credentials),
          Accept: 'application/json',
          ...(payload === null
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': String(payload.length) }),
        },
      },
      resolve,
    );
    outgoing.on('error', reject);
    // A dead network is noticed below us, also on a watch that is silent for minutes.
    outgoing.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
    outgoing.end(payload ?? undefined);
  });
}

const headersOf = (credentials: RequestCredentials): http.OutgoingHttpHeaders => ({
  'User-Agent': USER_AGENT,
  ...(credentials.options.headers as http.OutgoingHttpHeaders | undefined),
});

class UpgradeRefused extends Error {
  readonly code: number;
  readonly body: string;

  constructor(code: number, body: string) {
    super(`HTTP status ${code}`);
    this.code = code;
    this.body = body;
  }
}

function openWebSocket(
  url: URL,
  protocols: readonly string[],
  credentials: RequestCredentials,
  signal: AbortSignal,
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const { auth, ...options } = credentials.options;
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(headersOf(credentials))) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value : String(value);
    }
    if (typeof auth === 'string') headers.Authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
    const socket = new WebSocket(url, [...protocols], {
      ...(options as unknown as WebSocket.ClientOptions),
      headers: headers as Record<string, string>,
      perMessageDeflate: false,
      // Frames of the kubelet are at most 32 KiB; a server that announces gigabytes is not believed.
      maxPayload: 16 << 20,
    });
    const abort = (): void => socket.terminate();
    const settle = (): void => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('open', () => {
      settle();
      socket.off('error', fail);
      // The first message may arrive before the caller of this promise listens.
      socket.pause();
      resolve(socket);
    });
    socket.once('unexpected-response', (_request, response) => {
      text(response).then(
        (body) => fail(new UpgradeRefused(response.statusCode ?? 0, body)),
        (error: unknown) => fail(error),
      );
    });
    const fail = (error: unknown): void => {
      settle();
      // Terminating a socket that is still connecting emits one more error.
      socket.on('error', () => {});
      socket.terminate();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    socket.once('error', fail);
    if (signal.aborted) abort();
  });
}
