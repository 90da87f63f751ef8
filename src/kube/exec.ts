import type { Readable } from 'node:stream';
import { once } from 'node:events';
import type WebSocket from 'ws';
import { CHANNEL, CHANNEL_PROTOCOLS, channelMessage } from './channels.ts';
import type { ApiClient } from './client.ts';
import { KubeError, type Problem } from './errors.ts';
import { keepAlive } from './keepAlive.ts';

export interface ExecOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
  /** Sent whole; the command has to know its length itself: version 4 of the protocol cannot end it. */
  readonly input?: Readable;
  readonly signal?: AbortSignal | undefined;
  readonly pingMilliseconds?: number;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

const OUTPUT_LIMIT = 64 * 1024;

/** Runs a command in a container and resolves with its exit code. @throws KubeError when it could not run to its end */
export async function execInPod(client: ApiClient, options: ExecOptions): Promise<ExecResult> {
  const { namespace, pod, container, command, input, signal } = options;
  const socket = await client.webSocket(
    { resource: 'pods', namespace, name: pod, subresource: 'exec' },
    { container, command: [...command], stdin: input !== undefined, stdout: true, stderr: true },
    CHANNEL_PROTOCOLS,
    signal,
  );
  const abort = (): void => socket.terminate();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (signal?.aborted === true) abort();
    const ended = receive(socket, options);
    if (input === undefined) return await ended;
    const sent = send(socket, input);
    // The command may end before it took everything: its exit code says more than the failed write.
    sent.catch(() => socket.close());
    const result = await ended;
    if (result.exitCode === 0) await sent;
    return result;
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    const problem: Problem = {
      kind: 'cancelled',
      what: 'The command in the pod was cancelled',
      where: `pod ${namespace}/${pod}`,
      why: '',
      next: 'Start it again.',
    };
    throw new KubeError(problem, { cause: error });
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.terminate();
  }
}

async function send(socket: WebSocket, input: Readable): Promise<void> {
  for await (const chunk of input) {
    await new Promise<void>((resolve, reject) => {
      socket.send(channelMessage(CHANNEL.stdin, [chunk as Buffer]), { binary: true }, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
  if (socket.protocol === CHANNEL_PROTOCOLS[0]) socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]));
}

/** Resolves with the exit code that the error channel carries at the end. */
async function receive(socket: WebSocket, options: ExecOptions): Promise<ExecResult> {
  const broken = (why: string): KubeError =>
    new KubeError({
      kind: 'unreachable',
      what: 'The connection to the command in the pod broke',
      where: `pod ${options.namespace}/${options.pod}, container ${options.container}`,
      why,
      next: 'Retry; look at the pod if this stays.',
    });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  let status = '';
  const failed = new AbortController();
  const stopPings = keepAlive(socket, {
    intervalMilliseconds: options.pingMilliseconds ?? 20_000,
    missed: 2,
    paused: () => socket.bufferedAmount > 0,
    onDead: () => {
      failed.abort(broken('the API server answers no more'));
      socket.terminate();
    },
  });
  socket.on('message', (message: Buffer) => {
    const data = message.subarray(1);
    if (message[0] === CHANNEL.stdout) keep(output, data);
    else if (message[0] === CHANNEL.stderr) keep(errors, data);
    else if (message[0] === CHANNEL.error) status += data.toString();
  });
  let failure: Error | null = null;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.resume();
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  stopPings();
  failed.signal.throwIfAborted();
  if (status === '') {
    const cause = failure as Error | null;
    throw broken(cause?.message ?? (reason.length > 0 ? reason.toString() : `it closed with code ${code}`));
  }
  return {
    exitCode: exitCode(status, options),
    output: Buffer.concat(output).toString(),
    errors: Buffer.concat(errors).toString(),
  };
}

/** Keeps the beginning: the first message says what went wrong. */
function keep(buffers: Buffer[], data: Buffer): void {
  const held = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  if (held < OUTPUT_LIMIT) buffers.push(Buffer.from(data.subarray(0, OUTPUT_LIMIT - held)));
}

interface ExecStatus {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

function exitCode(text: string, options: ExecOptions): number {
  const status = JSON.parse(text) as ExecStatus;
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  if (status.reason === 'NonZeroExitCode' && cause?.message !== undefined) return Number(cause.message);
  throw new KubeError({
    kind: 'pod',
    what: 'The command could not be started in the pod',
    where: `pod ${options.namespace}/${options.pod}, container ${options.container}`,
    why: status.message ?? text,
    next: 'Use an image that has the command.',
  });
}
