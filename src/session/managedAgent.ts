import { problemText, asKubeError, isKubeError, KubeError, type Problem } from '../kube/errors.ts';
import { Listeners, type Disposable } from '../kube/listeners.ts';
import type { Log } from '../kube/log.ts';
import type { ClockOffset } from '../model/clockOffset.ts';
import type { Ledger } from '../model/ledger.ts';
import type { SocketEntry, Topology } from '../model/topology.ts';
import type { Check } from '../model/wire/generated/vethscope_pb.js';
import { AgentConnection, type FlowTarget } from './agentConnection.ts';
import type { StreamFlowsResponse } from '../model/wire/generated/vethscope_pb.js';
import type { InventorySource } from './inventorySource.ts';
import type { Transport } from './transport.ts';
import type { Agent, AgentPhase, CaptureEnd, CaptureQuestion, Source, TakeCapture } from './types.ts';

/** Brings an agent up; told what to show. Called again for another attempt with more privileges. */
export interface AgentStarter {
  /** The ways to start it, in the order to try; each asks for consent itself. */
  readonly attempts: readonly ((context: StartContext) => Promise<Transport>)[];
  readonly inventory: () => Promise<InventorySource & Disposable>;
}

export interface StartContext {
  readonly onStatus: (status: string) => void;
  readonly signal: AbortSignal;
  /** Why the attempt before failed. */
  readonly reason: string | null;
}

export interface ManagedAgentOptions {
  readonly key: string;
  readonly source: Source;
  readonly node: string;
  readonly starter: AgentStarter;
  readonly version: string;
  readonly log: Log;
}

/** One agent from its start to its removal, shared by the sessions that hold it. */
export class ManagedAgent implements Agent {
  readonly key: string;
  readonly source: Source;
  readonly node: string;
  phase: AgentPhase = 'deploying';
  status = 'Starting…';
  problem: Problem | null = null;
  /** Sessions that hold it. */
  holders = 0;
  readonly #options: ManagedAgentOptions;
  readonly #stop = new AbortController();
  readonly #changes = new Listeners<undefined>();
  readonly #topologies = new Listeners<undefined>();
  readonly #ledgers = new Listeners<Ledger>();
  readonly #started: Promise<void>;
  #connection: AgentConnection | null = null;
  #transport: Transport | null = null;
  #inventory: (InventorySource & Disposable) | null = null;
  #removal: Promise<void> | null = null;

  constructor(options: ManagedAgentOptions) {
    this.key = options.key;
    this.source = options.source;
    this.node = options.node;
    this.#options = options;
    this.#started = this.#start();
  }

  get checks(): readonly Check[] {
    return this.#connection?.hello?.checks ?? [];
  }

  get kernel(): string {
    return this.#connection?.hello?.kernel ?? '';
  }

  get topology(): Topology | null {
    return this.#connection?.topology ?? null;
  }

  get ledger(): Ledger | null {
    return this.#connection?.ledger ?? null;
  }

  get clock(): ClockOffset | null {
    return this.#connection?.clock ?? null;
  }

  get deployedName(): string | null {
    return this.#transport?.deployedName ?? null;
  }

  /** Over: another agent is needed for this node. */
  get ended(): boolean {
    return this.phase === 'failed' || this.phase === 'stopped';
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.add(listener);
  }

  onTopology(listener: () => void): Disposable {
    return this.#topologies.add(listener);
  }

  onLedger(listener: (ledger: Ledger) => void): Disposable {
    return this.#ledgers.add(listener);
  }

  /** Reads flows as soon as the agent is connected, until disposed. */
  readFlows(
    target: FlowTarget,
    consume: (message: StreamFlowsResponse, first: boolean) => void | Promise<void>,
  ): Disposable {
    let reading: Disposable | null = null;
    const begin = (): void => {
      if (reading === null && this.#connection !== null) {
        reading = this.#connection.readFlows(target, consume);
      }
    };
    const subscription = this.#changes.add(begin);
    begin();
    return {
      dispose: () => {
        subscription.dispose();
        reading?.dispose();
      },
    };
  }

  sockets(netns: number): Promise<readonly SocketEntry[]> {
    if (this.#connection !== null) return this.#connection.sockets(netns);
    return Promise.reject(new Error(`The agent on ${this.node} is not connected yet.`));
  }

  capture(question: CaptureQuestion, take: TakeCapture, stop: AbortSignal): Promise<CaptureEnd> {
    if (this.#connection !== null) return this.#connection.capture(question, take, stop);
    return Promise.reject(new Error(`The agent on ${this.node} is not connected yet.`));
  }

  /** Ends it and resolves when nothing of it is left. Also after it failed. @throws KubeError with what is left */
  remove(): Promise<void> {
    this.#removal ??= this.#remove();
    return this.#removal;
  }

  async #start(): Promise<void> {
    try {
      // Listed while the agent starts; it is needed when the agent is there.
      const inventory = this.#options.starter.inventory();
      inventory.then(
        (source) => {
          if (this.#stop.signal.aborted) source.dispose();
          else this.#inventory = source;
        },
        () => {},
      );
      await this.#tryAttempts(inventory);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const failure = asKubeError(error, {
        kind: 'agent',
        what: 'The agent could not be started',
        where: this.node === '' ? 'this machine' : `node ${this.node}`,
        next: 'Choose Restart; the log shows more.',
      });
      if (failure.problem.kind === 'cancelled') this.#end('stopped', failure.problem);
      else this.#end('failed', failure.problem);
      this.#options.log.error(`Agent on ${this.node}: ${failure.message}`);
    }
  }

  async #tryAttempts(inventory: Promise<InventorySource>): Promise<void> {
    const { attempts } = this.#options.starter;
    let reason: string | null = null;
    for (const [index, attempt] of attempts.entries()) {
      const context: StartContext = {
        reason,
        signal: this.#stop.signal,
        onStatus: (status) => this.#set('deploying', status, null),
      };
      try {
        this.#transport = await attempt(context);
        this.#stop.signal.throwIfAborted();
        await this.#connect(this.#transport, await inventory);
        return;
      } catch (error) {
        await this.#abandon();
        if (index === attempts.length - 1 || !lacksPrivileges(error)) throw error;
        reason = error.message;
        this.#options.log.warn(`Agent on ${this.node}: ${reason}`);
      }
    }
  }

  /** Resolves when the agent said hello; follows its connection from then on. */
  async #connect(transport: Transport, inventory: InventorySource): Promise<void> {
    const { version, log } = this.#options;
    const where = this.node === '' ? 'this machine' : `node ${this.node}`;
    const connection = new AgentConnection({ transport, inventory, version, where, log });
    this.#set('connecting', `Connecting to the agent on ${this.node}…`, null);
    await new Promise<void>((resolve, reject) => {
      connection.onChange(() => {
        if (connection.phase === 'running') resolve();
        if (connection.phase === 'failed' || connection.phase === 'closed') {
          reject(connection.problem === null ? new Error('closed') : new KubeError(connection.problem));
        }
      });
      this.#stop.signal.addEventListener('abort', () => void connection.close(), { once: true });
      connection.open();
    });
    this.#connection = connection;
    connection.onChange(() => this.#follow(connection));
    connection.onTopology(() => this.#topologies.emit(undefined));
    connection.onLedger((ledger) => this.#ledgers.emit(ledger));
    this.#follow(connection);
  }

  #follow(connection: AgentConnection): void {
    const { phase, problem } = connection;
    if (phase === 'running') this.#set('running', `The agent on ${this.node} runs.`, null);
    else if (phase === 'failed' && problem !== null) this.#end('failed', problem);
    else if (phase === 'reconnecting' && problem !== null) {
      this.#set('reconnecting', problemText(problem), problem);
    }
  }

  #end(phase: 'failed' | 'stopped', problem: Problem): void {
    this.#set(phase, problemText(problem), phase === 'failed' ? problem : null);
    // What is left of it goes at once: the Job of a dead pod, a process that does not answer, the hold on the inventory.
    this.remove().catch((error: unknown) => {
      this.#options.log.error(error instanceof Error ? error.message : String(error));
    });
  }

  /** An attempt that failed leaves nothing. */
  async #abandon(): Promise<void> {
    const transport = this.#transport;
    this.#transport = null;
    try {
      await transport?.close();
    } catch (error) {
      this.#options.log.error(error instanceof Error ? error.message : String(error));
    }
  }

  async #remove(): Promise<void> {
    const asked = !this.ended;
    if (asked) this.#set('stopped', `Removing the agent from ${this.node}…`, null);
    this.#stop.abort(new KubeError(STOPPED));
    // A deployment that is under way removes by itself what it had created.
    await this.#started;
    await this.#connection?.close();
    this.#inventory?.dispose();
    await this.#transport?.close();
    if (asked) this.#set('stopped', `The agent is gone from ${this.node}.`, null);
  }

  #set(phase: AgentPhase, status: string, problem: Problem | null): void {
    // The end is final; only its sentence may change.
    if (this.ended && phase !== this.phase) return;
    this.phase = phase;
    this.status = status;
    this.problem = problem;
    this.#changes.emit(undefined);
  }
}

const STOPPED: Problem = {
  kind: 'cancelled',
  what: 'The session was stopped',
  where: '',
  why: '',
  next: 'Start it again when you need it.',
};

/** The runtime or the kernel refused what the capabilities should have allowed. */
function lacksPrivileges(error: unknown): error is KubeError {
  return (
    isKubeError(error, 'agent') &&
    /not permitted|permission|EPERM|EACCES|denied|capabilit|apparmor|seccomp/i.test(error.problem.why)
  );
}
