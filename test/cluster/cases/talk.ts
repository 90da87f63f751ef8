/** Connections that stay open, so that sockets and rows can be compared, and that carry a known number of bytes. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Cluster } from '../cluster.ts';
import { poll } from '../poll.ts';
import { spawnAt } from './place.ts';
import type { Place } from './place.ts';

export interface Talk {
  readonly from: Place;
  /** The client's own port, which no other connection of this run has. */
  readonly port: number;
  /** Sends so many bytes and waits until all came back. */
  exchange(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Below the kernel's own choice (32768 on), above everything that listens in the cluster. */
const FIRST_PORT = 20_000;
const PORTS = 9_000;

/** Opens connections of one run. Ports differ between runs, for those before may still wait for late packets. */
export class Talks {
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #open = new Set<Talk>();
  #port = FIRST_PORT + (process.pid % 80) * 100;

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  nextPort(): number {
    this.#port += 1;
    if (this.#port >= FIRST_PORT + PORTS) throw new Error('the ports of this run are used up');
    return this.#port;
  }

  /** Returns once it is answered. @param host an address or a name that the place resolves */
  async open(from: Place, host: string, port: number, bytes = 1000): Promise<Talk> {
    const own = this.nextPort();
    const target = `TCP4:${host}:${port},sourceport=${own},reuseaddr,connect-timeout=10`;
    const child = spawnAt(this.#cluster, this.#namespace, from, ['socat', '-', target]);
    const talk = new SocatTalk(from, own, child);
    this.#open.add(talk);
    await talk.exchange(bytes);
    return talk;
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((talk) => talk.close()));
    this.#open.clear();
  }
}

class SocatTalk implements Talk {
  readonly from: Place;
  readonly port: number;
  readonly #child: ChildProcessWithoutNullStreams;
  #received = 0;
  #messages = '';

  constructor(from: Place, port: number, child: ChildProcessWithoutNullStreams) {
    this.from = from;
    this.port = port;
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => (this.#received += chunk.length));
    child.stderr.on('data', (chunk: Buffer) => (this.#messages += chunk.toString()));
    // Told by the exit code, when it is waited for.
    child.stdin.on('error', (error) => (this.#messages += error.message));
  }

  async exchange(bytes: number): Promise<void> {
    const wanted = this.#received + bytes;
    this.#child.stdin.write(Buffer.alloc(bytes, 'x'));
    const came = (): boolean => {
      if (this.#child.exitCode !== null) throw new Error(`the client ended: ${this.#messages}`);
      return this.#received >= wanted;
    };
    await poll(`an answer to port ${this.port}`, came, { timeout: 20_000, interval: 20 });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    const ended = once(this.#child, 'exit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  }
}
