import { ConnectError } from '@connectrpc/connect';
import { Backoff } from '../kube/backoff.ts';
import { KubeError, problemText, type Problem } from '../kube/errors.ts';
import { Listeners, type Disposable } from '../kube/listeners.ts';
import type { Log } from '../kube/log.ts';
import type { ClockOffset } from '../model/clockOffset.ts';
import type { Ledger } from '../model/ledger.ts';
import { PROTOCOL_VERSION } from '../model/protocolVersion.ts';
import type { SocketEntry, Topology } from '../model/topology.ts';
import type { HelloResponse, StreamFlowsResponse } from '../model/wire/generated/vethscope_pb.js';
import { readCapture } from './captureReader.ts';
import { ClockMeter } from './clockMeter.ts';
import { connectionProblem, isFatal, otherVersion } from './connectionProblems.ts';
import { linkAgent, type AgentLink } from './agentLink.ts';
import { pushInventory } from './inventoryPush.ts';
import type { InventorySource } from './inventorySource.ts';
import type { Transport } from './transport.ts';
import type { CaptureEnd, CaptureQuestion, TakeCapture } from './types.ts';

export interface FlowTarget {
  readonly podUids: readonly string[];
  readonly namespaces: readonly string[];
}

export type ConnectionPhase = 'connecting' | 'running' | 'reconnecting' | 'failed' | 'closed';

export interface AgentConnectionOptions {
  readonly transport: Transport;
  readonly inventory: InventorySource;
  readonly version: string;
  /** For messages, for example "node node-a". */
  readonly where: string;
  readonly log: Log;
  readonly heartbeatMilliseconds?: number;
  /** An unanswered heartbeat breaks the connection after this long. */
  readonly heartbeatTimeoutMilliseconds?: number;
  readonly flowIntervalMilliseconds?: number;
  readonly ledgerIntervalMilliseconds?: number;
  /** For the first connection: the agent's program has to load first. */
  readonly startMilliseconds?: number;
}

/** One reader of an agent's flows; lives through reconnects. */
interface FlowReader {
  readonly target: FlowTarget;
  readonly consume: (message: StreamFlowsResponse, first: boolean) => void | Promise<void>;
  readonly stop: AbortController;
  /** Last sequence that was consumed; the next stream goes on behind it. */
  sequence: bigint;
  started: boolean;
}

/**
 * The conversation with one agent, from its first hello until the agent ends or `close`. A broken connection is opened
 * again with growing waits; readers go on behind the last sequence they had, and what was skipped is counted.
 */
export class AgentConnection {
  /** Latest of each; null until the first arrives. */
  hello: HelloResponse | null = null;
  topology: Topology | null = null;
  ledger: Ledger | null = null;
  phase: ConnectionPhase = 'connecting';
  problem: Problem | null = null;
  readonly #options: AgentConnectionOptions;
  readonly #stop = new AbortController();
  readonly #readers = new Set<FlowReader>();
  readonly #changes = new Listeners<undefined>();
  readonly #topologies = new Listeners<Topology>();
  readonly #ledgers = new Listeners<Ledger>();
  readonly #backoff = new Backoff({ firstMilliseconds: 150, maximumMilliseconds: 5000 });
  readonly #clock = new ClockMeter();
  #link: AgentLink | null = null;
  /** Updates that readers missed because they stalled or were away. */
  #running: Promise<void> = Promise.resolve();

  constructor(options: AgentConnectionOptions) {
    this.#options = options;
  }

  /** How far the agent's clock is ahead of ours; null before its first heartbeat. */
  get clock(): ClockOffset | null {
    return this.#clock.offset;
  }

  /** Starts connecting; what comes of it shows in `phase`. */
  open(): void {
    this.#options.transport.onEnd((problem) => void this.#ended(problem));
    this.#running = this.#run();
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.add(listener);
  }

  onTopology(listener: (topology: Topology) => void): Disposable {
    return this.#topologies.add(listener);
  }

  onLedger(listener: (ledger: Ledger) => void): Disposable {
    return this.#ledgers.add(listener);
  }

  /** Reads flows until disposed; the next message is read when `consume` resolves. `first`: forget older ids. */
  readFlows(target: FlowTarget, consume: FlowReader['consume']): Disposable {
    const reader: FlowReader = {
      target,
      consume,
      stop: new AbortController(),
      sequence: 0n,
      started: false,
    };
    this.#readers.add(reader);
    if (this.#link !== null) this.#read(this.#link, reader);
    return {
      dispose: () => {
        reader.stop.abort();
        this.#readers.delete(reader);
      },
    };
  }

  /** The sockets that a namespace of the topology has now. @throws KubeError */
  async sockets(netns: number): Promise<readonly SocketEntry[]> {
    const { where } = this.#options;
    const failure = (why: string): KubeError =>
      new KubeError({
        kind: 'agent',
        what: 'The sockets cannot be read',
        ...{ where, why },
        next: 'Close the row and open it again.',
      });
    const link = this.#link;
    if (link === null) throw failure('there is no connection to the agent');
    try {
      const { signal } = link;
      const { socketsJson } = await link.client.listSockets(
        { netns: BigInt(netns) },
        { signal, timeoutMs: 10_000 },
      );
      return JSON.parse(socketsJson) as SocketEntry[];
    } catch (error) {
      throw failure(error instanceof ConnectError ? error.rawMessage : String(error));
    }
  }

  /** Captures packets on the node. @throws KubeError */
  capture(question: CaptureQuestion, take: TakeCapture, stop: AbortSignal): Promise<CaptureEnd> {
    return readCapture(this.#link, this.#options.where, question, take, stop);
  }

  /** Ends the conversation; the agent itself is ended by its transport. */
  async close(): Promise<void> {
    this.#finish('closed', null);
    await this.#running;
  }

  async #run(): Promise<void> {
    const deadline = Date.now() + (this.#options.startMilliseconds ?? 30_000);
    const stopped = (): boolean => this.#stop.signal.aborted;
    while (!stopped()) {
      let reason: unknown;
      try {
        const link = await this.#connect();
        this.#backoff.reset();
        this.#set('running', null);
        reason = await this.#converse(link);
      } catch (error) {
        reason = error;
      }
      if (stopped()) return;
      const problem = connectionProblem(reason, this.#options.where);
      this.#options.log.debug(problemText(problem));
      if (isFatal(reason) || (this.hello === null && Date.now() > deadline)) {
        this.#finish('failed', problem);
        return;
      }
      this.#set(this.hello === null ? 'connecting' : 'reconnecting', problem);
      await this.#backoff.wait(this.#stop.signal).catch((error: unknown) => {
        if (!stopped()) throw error;
      });
    }
  }

  async #connect(): Promise<AgentLink> {
    const { transport, version } = this.#options;
    const attempt = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(10_000)]);
    const link = linkAgent(await transport.open(attempt), transport.token);
    try {
      const request = { protocolVersion: PROTOCOL_VERSION, clientVersion: version };
      const hello = await link.client.hello(request, {
        signal: AbortSignal.any([attempt, link.signal]),
      });
      if (hello.protocolVersion !== PROTOCOL_VERSION) {
        throw otherVersion(hello, version, PROTOCOL_VERSION, this.#options.where);
      }
      if (this.hello !== null && this.hello.bootId !== hello.bootId) this.#startOver();
      this.hello = hello;
      return link;
    } catch (error) {
      // A call on a broken connection only says that it was cancelled.
      const reason: unknown = link.signal.aborted ? link.signal.reason : error;
      link.close(error instanceof Error ? error : new Error(String(error)));
      throw reason;
    }
  }

  /** Another agent process answers: its ids and sequences have nothing to do with those before. */
  #startOver(): void {
    for (const reader of this.#readers) {
      reader.sequence = 0n;
      reader.started = false;
    }
  }

  /** Everything that runs while a connection is up. Resolves with why it ended. */
  async #converse(link: AgentLink): Promise<unknown> {
    const over = new Promise<unknown>((resolve) => {
      link.signal.addEventListener('abort', () => resolve(link.signal.reason), { once: true });
    });
    const stop = (): void => link.close(new Error('the session ended'));
    this.#stop.signal.addEventListener('abort', stop, { once: true });
    this.#link = link;
    if (this.#stop.signal.aborted) stop();
    this.#task(link, 'heartbeat', () => this.#heartbeat(link));
    this.#task(link, 'inventory', () => pushInventory(link, this.#options.inventory));
    this.#task(link, 'topology', () => this.#readTopology(link));
    this.#task(link, 'ledger', () => this.#readLedger(link));
    for (const reader of this.#readers) this.#read(link, reader);
    const reason = await over;
    this.#stop.signal.removeEventListener('abort', stop);
    this.#link = null;
    return reason;
  }

  /** The first task that fails or ends by itself takes the connection down: each of them is needed. */
  #task(link: AgentLink, name: string, work: () => Promise<void>): void {
    work().then(
      () => link.close(new Error(`the agent ended: ${name}`)),
      (error: unknown) => {
        if (link.signal.aborted) return;
        this.#options.log.debug(`${this.#options.where}: ${name}: ${String(error)}`);
        link.close(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  async #heartbeat(link: AgentLink): Promise<void> {
    const { heartbeatMilliseconds = 3000, heartbeatTimeoutMilliseconds = 10_000 } = this.#options;
    for (let sequence = 1n; !link.signal.aborted; sequence++) {
      const sentAtMilliseconds = Date.now();
      const request = { sequence, sentAtMilliseconds };
      const answer = await link.client.heartbeat(request, {
        signal: link.signal,
        timeoutMs: heartbeatTimeoutMilliseconds,
      });
      if (answer.sequence !== sequence) throw new Error('the agent answered another heartbeat');
      this.#clock.add(sentAtMilliseconds, Date.now(), answer.agentTimeMilliseconds);
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          link.signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, heartbeatMilliseconds);
        link.signal.addEventListener('abort', done, { once: true });
      });
    }
  }

  async #readTopology(link: AgentLink): Promise<void> {
    for await (const { topologyJson } of link.client.streamTopology({}, { signal: link.signal })) {
      this.topology = JSON.parse(topologyJson) as Topology;
      this.#topologies.emit(this.topology);
    }
  }

  async #readLedger(link: AgentLink): Promise<void> {
    const request = { intervalMilliseconds: this.#options.ledgerIntervalMilliseconds ?? 1000 };
    for await (const { ledgerJson } of link.client.streamLedger(request, { signal: link.signal })) {
      this.ledger = JSON.parse(ledgerJson) as Ledger;
      this.#ledgers.emit(this.ledger);
    }
  }

  #read(link: AgentLink, reader: FlowReader): void {
    this.#task(link, 'flows', async () => {
      const signal = AbortSignal.any([link.signal, reader.stop.signal]);
      const request = {
        afterSequence: reader.sequence,
        intervalMilliseconds: this.#options.flowIntervalMilliseconds ?? 250,
        target: { podUids: [...reader.target.podUids], namespaces: [...reader.target.namespaces] },
      };
      try {
        for await (const message of link.client.streamFlows(request, { signal })) {
          const first = !reader.started;
          reader.started = true;
          await reader.consume(message, first);
          reader.sequence = message.sequence;
        }
      } catch (error) {
        if (!reader.stop.signal.aborted) throw error;
      }
      // A reader that left does not take the connection along.
      if (reader.stop.signal.aborted) await whenAborted(link.signal);
    });
  }

  async #ended(problem: Problem): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const tail = await this.#options.transport.logTail();
    if (tail !== '') this.#options.log.warn(`The agent's last words:\n${tail}`);
    this.#finish('failed', problem);
  }

  #finish(phase: 'failed' | 'closed', problem: Problem | null): void {
    if (this.#stop.signal.aborted) return;
    this.#set(phase, problem);
    this.#stop.abort(new Error('the session ended'));
  }

  #set(phase: ConnectionPhase, problem: Problem | null): void {
    if (this.#stop.signal.aborted) return;
    this.phase = phase;
    this.problem = problem;
    this.#changes.emit(undefined);
  }
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
