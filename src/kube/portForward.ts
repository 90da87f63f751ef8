import { Duplex } from 'node:stream';
import type WebSocket from 'ws';
import { CHANNEL_PROTOCOLS, CHANNEL, channelMessage } from './channels.ts';
import type { ApiClient } from './client.ts';
import { KubeError, type Problem } from './errors.ts';
import { keepAlive } from './keepAlive.ts';

export interface PortForwardOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
  readonly pingMilliseconds?: number;
  /** How long the other side may stay silent after our end before the connection is closed. */
  readonly lingerMilliseconds?: number;
}

/** Data and error channel of the one forwarded port. */
const DATA = 0;
const ERROR = 1;
/** Each channel starts with the port's number, two bytes. */
const PREFIX_BYTES = 2;
/** Larger writes are cut: the API server and the kubelet handle a message as a whole. */
const MESSAGE_BYTES = 64 * 1024;
const MISSED_PINGS = 2;

/** Opens one TCP connection to a port of a pod. @throws KubeError */
export async function openPortForward(client: ApiClient, options: PortForwardOptions): Promise<Duplex> {
  const { namespace, pod, port } = options;
  const socket = await client.webSocket(
    { resource: 'pods', namespace, name: pod, subresource: 'portforward' },
    { ports: port },
    CHANNEL_PROTOCOLS,
    options.signal,
  );
  return new PortForwardStream(socket, options);
}

/**
 * A forwarded connection. Reading stops the WebSocket when nobody reads, and writing waits for the socket, so neither
 * side buffers beyond the stream's high-water mark. Version 4 of the protocol cannot say that one direction ended:
 * after `end()` reading goes on until the other side ends or stays silent.
 */
export class PortForwardStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #options: PortForwardOptions;
  readonly #stopPings: () => void;
  readonly #prefixLeft = new Map<number, number>([
    [DATA, PREFIX_BYTES],
    [ERROR, PREFIX_BYTES],
  ]);
  #remoteError = '';
  #linger: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(socket: WebSocket, options: PortForwardOptions) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#options = options;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('error', (error) => this.#fail('the WebSocket failed', error));
    socket.on('close', (code, reason) => this.#closed(code, reason.toString()));
    this.#stopPings = keepAlive(socket, {
      intervalMilliseconds: options.pingMilliseconds ?? 20_000,
      missed: MISSED_PINGS,
      paused: () => socket.isPaused || socket.bufferedAmount > 0,
      onDead: () => {
        this.#fail('the API server answers no more');
        socket.terminate();
      },
    });
    // Errors and the end are heard also before anyone reads; data waits up to the high-water mark.
    socket.resume();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send([chunk], callback);
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    callback: (error?: Error | null) => void,
  ): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: (error?: Error | null) => void): void {
    callback();
    if (this.#socket.protocol === CHANNEL_PROTOCOLS[0]) {
      this.#socket.send(Buffer.from([CHANNEL.close, DATA]), (error) => {
        if (error) this.#fail('the end could not be sent', error);
      });
    }
    if (this.#ended) this.#socket.close(1000);
    else this.#awaitSilence();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stopPings();
    if (this.#linger !== null) clearTimeout(this.#linger);
    if (error === null) this.#socket.close(1000);
    // A peer that does not answer the close frame would keep the socket half a minute.
    const { readyState } = this.#socket;
    if (error !== null) this.#socket.terminate();
    else if (readyState !== this.#socket.CLOSED) setTimeout(() => this.#socket.terminate(), 1000).unref();
    // A paused socket would never see the other side's close.
    this.#socket.resume();
    callback(error);
  }

  #send(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    const data = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    const sendFrom = (offset: number): void => {
      const end = Math.min(offset + MESSAGE_BYTES, data.length);
      // The callback comes when the bytes are with the kernel: that is the back-pressure.
      this.#socket.send(channelMessage(DATA, [data.subarray(offset, end)]), { binary: true }, (error) => {
        if (error || end === data.length) callback(error ?? null);
        else sendFrom(end);
      });
    };
    sendFrom(0);
  }

  #receive(message: Buffer): void {
    const channel = message[0];
    if (channel === undefined || this.destroyed) return;
    if (channel === CHANNEL.close) {
      if (message[1] === DATA) this.#endReading();
      return;
    }
    const left = this.#prefixLeft.get(channel);
    if (left === undefined) {
      this.#fail(`the server used the unknown channel ${channel}`);
      return;
    }
    const skipped = Math.min(left, message.length - 1);
    if (skipped > 0) this.#prefixLeft.set(channel, left - skipped);
    const data = message.subarray(1 + skipped);
    if (data.length === 0) return;
    if (channel === ERROR) {
      this.#remoteError += data.toString();
      this.#fail(this.#remoteError.trim());
      return;
    }
    if (this.#linger !== null) this.#awaitSilence();
    if (!this.push(data)) this.#socket.pause();
  }

  #endReading(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(null);
    if (this.writableFinished) this.#socket.close(1000);
  }

  #awaitSilence(): void {
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.#linger = setTimeout(() => this.#socket.close(1000), this.#options.lingerMilliseconds ?? 5_000);
    this.#linger.unref();
  }

  #closed(code: number, reason: string): void {
    this.#stopPings();
    if (this.destroyed) return;
    // 1000 is the other side's end of data; anything else tore the connection.
    if (code === 1000 || this.writableFinished) {
      this.#endReading();
      if (this.writableFinished) return;
      // Nothing can be sent any more.
      this.end();
      return;
    }
    this.#fail(reason === '' ? `the WebSocket closed with code ${code}` : reason);
  }

  #fail(why: string, cause?: Error): void {
    if (this.destroyed) return;
    const { namespace, pod, port } = this.#options;
    const problem: Problem = {
      kind: 'unreachable',
      what: 'The port-forward broke',
      where: `port ${port} of pod ${namespace}/${pod}`,
      why: cause === undefined ? why : `${why}: ${cause.message}`,
      next: 'It is opened again by itself; look at the pod if this stays.',
    };
    this.destroy(new KubeError(problem, cause === undefined ? undefined : { cause }));
  }
}
