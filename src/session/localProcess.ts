import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { createInterface } from 'node:readline';
import type { LocalTargetSetting } from '../contributions.ts';
import { KubeError, type Problem } from '../kube/errors.ts';
import { Listeners } from '../kube/listeners.ts';
import type { Log } from '../kube/log.ts';
import type { Transport } from './transport.ts';

export interface LocalProcessOptions {
  readonly local: LocalTargetSetting;
  /** The bundled agent, run with the runtime that runs us. */
  readonly program: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly startMilliseconds?: number;
  /** As `process` tells them; given by tests. */
  readonly platform?: string;
  readonly userId?: number;
}

const START_MILLISECONDS = 15_000;
const KILL_AFTER_MILLISECONDS = 3000;
const TAIL_LINES = 20;

/** Starts an agent on this machine: for a namespace of it, or to replay a recorded session. @throws KubeError */
export async function startLocalAgent(options: LocalProcessOptions): Promise<Transport> {
  const { local, program, log, signal } = options;
  requireMachine(options);
  signal.throwIfAborted();
  const token = randomBytes(32).toString('base64url');
  const argumentsOf = [program, ...serveArguments(local)];
  log.info(`Starting ${process.execPath} ${argumentsOf.join(' ')}`);
  const child = spawn(process.execPath, argumentsOf, {
    stdio: ['pipe', 'pipe', 'pipe'],
    // In a desktop VS Code the runtime is Electron's, which runs as Node with this.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  const tail: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.info(`agent: ${line}`);
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
  });
  // The agent may end before it reads: its exit says why.
  child.stdin.on('error', (error) => log.debug(`agent's input: ${error.message}`));
  child.stdin.end(`${token}\n`);
  try {
    const port = await listeningPort(child, tail, options);
    return new LocalAgent(child, token, port, tail, local.name);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function serveArguments(local: LocalTargetSetting): readonly string[] {
  const common = ['serve', '--listen', '127.0.0.1:0', '--token-file', '-', '--node', local.name];
  if (local.recording !== undefined) return [...common, '--replay', local.recording];
  return local.netns === undefined ? common : [...common, '--netns', local.netns];
}

/** A recorded session plays anywhere; real packets need Linux and root. */
function requireMachine({ local, platform, userId }: LocalProcessOptions): void {
  if (local.recording !== undefined) return;
  const where = `local target "${local.name}"`;
  const system = platform ?? process.platform;
  if (system !== 'linux') {
    throw new KubeError({
      kind: 'local',
      what: 'Local targets need Linux',
      where,
      why: `this machine runs ${system}`,
      next: 'Choose a pod of a cluster, or a recorded session.',
    });
  }
  if ((userId ?? process.getuid?.()) !== 0) {
    throw new KubeError({
      kind: 'local',
      what: 'Local targets need root',
      where,
      why: 'only root may load eBPF programs and enter network namespaces',
      next: 'Start VS Code (or code-server) as root on this machine, or choose a recorded session.',
    });
  }
}

/** Reads the line {"port":N} that the agent prints when it listens. */
async function listeningPort(
  child: ChildProcess & { readonly stdout: NodeJS.ReadableStream },
  tail: readonly string[],
  options: LocalProcessOptions,
): Promise<number> {
  const { local, signal } = options;
  const milliseconds = options.startMilliseconds ?? START_MILLISECONDS;
  const failed = (why: string): KubeError =>
    new KubeError({
      kind: 'local',
      what: 'The local agent did not start',
      where: `local target "${local.name}"`,
      why: [tail.slice(-3).join(' '), why].filter((text) => text !== '').join(' '),
      next: 'Correct what it says; the log shows all of it.',
    });
  const settled = new AbortController();
  const bounded = { signal: AbortSignal.any([settled.signal, signal]) };
  const lines = createInterface({ input: child.stdout });
  try {
    return await Promise.race([
      once(lines, 'line', bounded).then(([line]) => {
        const port = portOf(String(line));
        if (port === null) throw failed(`(it printed "${String(line)}" instead of its port)`);
        return port;
      }),
      once(child, 'error', bounded).then(([error]) => {
        throw failed(error instanceof Error ? error.message : String(error));
      }),
      once(child, 'close', bounded).then(([code, by]) => {
        throw failed(code === null ? `(ended by ${String(by)})` : `(exit code ${String(code)})`);
      }),
      new Promise<never>((_resolve, reject) => {
        const timer = setTimeout(() => reject(failed(`(no port within ${milliseconds} ms)`)), milliseconds);
        settled.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
      }),
    ]);
  } finally {
    settled.abort();
  }
}

function portOf(line: string): number | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('port' in value)) return null;
    return typeof value.port === 'number' ? value.port : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

class LocalAgent implements Transport {
  readonly token: string;
  readonly deployedName = null;
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #tail: readonly string[];
  readonly #name: string;
  readonly #ends = new Listeners<Problem>();
  readonly #closed: Promise<void>;
  #end: Problem | null = null;
  #closing = false;

  constructor(child: ChildProcess, token: string, port: number, tail: readonly string[], name: string) {
    this.token = token;
    this.#child = child;
    this.#port = port;
    this.#tail = tail;
    this.#name = name;
    this.#closed = new Promise((resolve) => {
      const ended = (): void => {
        this.#note();
        resolve();
      };
      if (child.exitCode !== null || child.signalCode !== null) ended();
      else child.once('exit', ended);
    });
  }

  async open(signal: AbortSignal): Promise<Duplex> {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    try {
      await once(socket, 'connect', { signal });
    } catch (error) {
      socket.destroy();
      throw new KubeError(
        {
          kind: 'local',
          what: 'The local agent cannot be reached',
          where: `local target "${this.#name}", port ${this.#port}`,
          why: error instanceof Error ? error.message : String(error),
          next: 'Choose Restart.',
        },
        { cause: error },
      );
    }
    return socket;
  }

  onEnd(listener: (problem: Problem) => void): { dispose(): void } {
    const subscription = this.#ends.add(listener);
    queueMicrotask(() => this.#tell());
    return subscription;
  }

  logTail(): Promise<string> {
    return Promise.resolve(this.#tail.join('\n'));
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#ends.clear();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MILLISECONDS);
    await this.#closed;
    clearTimeout(timer);
  }

  #note(): void {
    if (this.#closing) return;
    const { exitCode, signalCode } = this.#child;
    const said = this.#tail.slice(-3).join(' ');
    const how = signalCode === null ? `exit code ${String(exitCode)}` : `signal ${signalCode}`;
    this.#end = {
      kind: 'agent',
      what: 'The agent ended',
      where: `local target "${this.#name}"`,
      why: said === '' ? how : `${said} (${how})`,
      next: 'Choose Restart; the log shows what the agent said.',
    };
    this.#tell();
  }

  #tell(): void {
    if (this.#end === null) return;
    this.#ends.emit(this.#end);
    this.#ends.clear();
  }
}
