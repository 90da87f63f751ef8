import { asKubeError, problemText, type Problem } from '../kube/errors.ts';
import { Listeners, type Disposable } from '../kube/listeners.ts';
import type { Log } from '../kube/log.ts';
import { resolvePod } from '../kube/targetPod.ts';
import type { Ledger } from '../model/ledger.ts';
import type { FlowTarget } from './agentConnection.ts';
import type { AgentHold, Agents } from './agents.ts';
import type { ManagedAgent } from './managedAgent.ts';
import type { Agent, FlowConsumer, Session, SessionState, Source, StartRequest, Target } from './types.ts';

const STARTING: SessionState = { phase: 'starting', status: 'Starting…', problem: null };
const STOPPED: SessionState = { phase: 'stopped', status: 'The session is stopped.', problem: null };

/** One running observation: finds the target's node, shares the agent there, and passes its flows on. */
export class TargetSession implements Session {
  readonly id: string;
  readonly source: Source;
  readonly target: Target;
  state: SessionState = STARTING;
  readonly #request: StartRequest;
  readonly #pool: Agents;
  readonly #log: Log;
  readonly #changes = new Listeners<undefined>();
  readonly #ledgers = new Listeners<{ agent: number; ledger: Ledger }>();
  #consumer: FlowConsumer | null = null;
  #consumerWaiters: (() => void)[] = [];
  #run: Run | null = null;
  #node = '';
  /** Further nodes, in the order in which they were asked for. */
  #furtherNodes: readonly string[] = [];
  #starting: Promise<void> = Promise.resolve();

  constructor(id: string, request: StartRequest, pool: Agents, log: Log) {
    this.id = id;
    this.source = request.source;
    this.target = request.target;
    this.#request = request;
    this.#pool = pool;
    this.#log = log;
    this.#starting = this.#start();
  }

  get title(): string {
    if (this.target.kind === 'pod') return this.target.name;
    return this.target.node;
  }

  get scope(): string {
    const { source, target } = this;
    const parts = [
      source.kind === 'cluster' ? `cluster ${source.cluster.context}` : `local ${source.local.name}`,
    ];
    if (target.kind === 'pod') parts.push(`pod ${target.namespace}/${target.name}`);
    const nodes = [this.#node, ...this.#furtherNodes];
    if (this.#node !== '' && source.kind === 'cluster') {
      parts.push(`${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.join(', ')}`);
    }
    return parts.join(' · ');
  }

  get agents(): readonly Agent[] {
    return this.#run?.holds.map(({ agent }) => agent) ?? [];
  }

  alsoObserve(node: string): void {
    if (node === this.#node) return;
    if (!this.#furtherNodes.includes(node)) this.#furtherNodes = [...this.#furtherNodes, node];
    const run = this.#run;
    if (run?.flows !== undefined && !run.stop.signal.aborted) this.#addFurther(run, node, run.flows);
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.add(listener);
  }

  onLedger(listener: (update: { agent: number; ledger: Ledger }) => void): Disposable {
    return this.#ledgers.add(listener);
  }

  consumeFlows(consumer: FlowConsumer): Disposable {
    this.#consumer = consumer;
    for (const wake of this.#consumerWaiters.splice(0)) wake();
    return {
      dispose: () => {
        if (this.#consumer === consumer) this.#consumer = null;
      },
    };
  }

  async restart(): Promise<void> {
    await this.#starting;
    if (this.state.phase !== 'failed' && this.state.phase !== 'stopped') return;
    await this.#leave();
    this.#starting = this.#start();
    await this.#starting;
  }

  async stop(): Promise<void> {
    if (this.state.phase === 'stopped' && this.#run === null) return;
    const failed = this.state.phase === 'failed';
    this.#set({ phase: failed ? 'failed' : 'stopped', status: 'Removing the agent…', problem: null });
    try {
      await this.#leave();
      this.#set(STOPPED);
    } catch (error) {
      const failure = asKubeError(error, {
        kind: 'agent',
        what: 'The agent could not be removed',
        where: this.scope,
        next: 'Choose Remove Agents… when the cluster can be reached.',
      });
      this.#set({ phase: 'stopped', status: failure.message, problem: failure.problem });
      throw failure;
    }
  }

  async #start(): Promise<void> {
    const run: Run = { stop: new AbortController(), subscriptions: [], holds: [] };
    this.#run = run;
    this.#set(STARTING);
    try {
      const { node, flows } = await this.#resolve(run.stop.signal);
      if (run.stop.signal.aborted) return;
      this.#node = node;
      run.flows = flows;
      const hold = this.#pool.hold(node, this.#request);
      run.holds.push(hold);
      this.#attach(run, hold.agent, flows);
      for (const further of this.#furtherNodes) this.#addFurther(run, further, flows);
    } catch (error) {
      if (run.stop.signal.aborted) return;
      const failure = asKubeError(error, {
        kind: 'server',
        what: 'The session could not be started',
        where: this.scope,
        next: 'Choose Restart.',
      });
      this.#log.error(`${this.scope}: ${failure.message}`);
      this.#fail(failure.problem);
    }
  }

  /** The node to observe on and what of it. */
  async #resolve(signal: AbortSignal): Promise<{ node: string; flows: FlowTarget }> {
    const { source, target } = this;
    if (target.kind === 'node' || source.kind === 'local') {
      const node = target.kind === 'node' ? target.node : target.name;
      return { node, flows: { podUids: [], namespaces: [] } };
    }
    this.#set({ ...STARTING, status: `Looking for the pod ${target.namespace}/${target.name}…` });
    const pod = await resolvePod(source.cluster.api, target.namespace, target.name, signal);
    return { node: pod.node, flows: { podUids: [pod.uid], namespaces: [] } };
  }

  #attach(run: Run, agent: ManagedAgent, flows: FlowTarget): void {
    run.subscriptions.push(agent.onChange(() => this.#follow(agent)));
    this.#read(run, agent, 0, flows);
    const uid = flows.podUids[0];
    if (this.source.kind === 'cluster' && uid !== undefined) {
      this.#watchPod(run, this.source.cluster, uid, agent);
    }
    this.#follow(agent);
  }

  /** The session is as its first agent is; of the others it tells that they changed. */
  #addFurther(run: Run, node: string, flows: FlowTarget): void {
    const known = run.holds.findIndex(({ agent }) => agent.node === node);
    const before = run.holds[known];
    if (before !== undefined && !before.agent.ended) return;
    const hold = this.#pool.hold(node, this.#request);
    const number = known < 0 ? run.holds.length : known;
    run.holds[number] = hold;
    if (before !== undefined) this.#release(before);
    const { agent } = hold;
    run.subscriptions.push(
      agent.onChange(() => {
        if (agent.phase === 'failed') this.#log.error(`${this.scope}: ${node}: ${agent.status}`);
        this.#changes.emit(undefined);
      }),
    );
    this.#read(run, agent, number, flows);
    this.#changes.emit(undefined);
  }

  /** Of an agent that has ended: there is nothing to wait for. */
  #release(hold: AgentHold): void {
    hold.release().catch((error: unknown) => {
      this.#log.error(`${this.scope}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  #read(run: Run, agent: ManagedAgent, number: number, flows: FlowTarget): void {
    run.subscriptions.push(
      agent.onLedger((ledger) => this.#ledgers.emit({ agent: number, ledger })),
      agent.readFlows(flows, async (message, reset) => {
        const consumer = await this.#whenConsumed(run.stop.signal);
        await consumer?.({ agent: number, node: agent.node, reset, message });
      }),
    );
  }

  /** Says so when the observed pod is deleted; its flows stay. */
  #watchPod(
    run: Run,
    cluster: Extract<Source, { kind: 'cluster' }>['cluster'],
    uid: string,
    agent: ManagedAgent,
  ): void {
    const hold = cluster.holdInventory();
    run.subscriptions.push(
      hold,
      hold.inventory.onChange(({ deletedUids }) => {
        if (!deletedUids.includes(uid)) return;
        run.podGone = true;
        this.#follow(agent);
      }),
    );
  }

  #follow(agent: ManagedAgent): void {
    const { phase, status, problem } = agent;
    if (phase === 'deploying' || phase === 'connecting') this.#set({ phase: 'starting', status, problem });
    else if (phase === 'running') {
      this.#set({ phase: 'running', status: this.#runningStatus(agent), problem: null });
    } else if (phase === 'reconnecting') this.#set({ phase, status, problem });
    else if (phase === 'failed' && problem !== null) this.#fail(problem);
    else if (this.state.phase !== 'stopped') this.#set({ phase: 'stopped', status, problem: null });
  }

  #runningStatus(agent: ManagedAgent): string {
    const { target } = this;
    if (target.kind === 'pod') {
      const name = `${target.namespace}/${target.name}`;
      if (this.#run?.podGone === true) return `The pod ${name} was deleted; its flows until then stay here.`;
      return `Observing the pod ${name} on ${agent.node}.`;
    }
    return `Observing the node ${agent.node}.`;
  }

  #fail(problem: Problem): void {
    this.#set({ phase: 'failed', status: problemText(problem), problem });
  }

  /** Gives the agent back; resolves when it is gone or others keep it. */
  async #leave(): Promise<void> {
    const run = this.#run;
    if (run === null) return;
    run.stop.abort();
    for (const wake of this.#consumerWaiters.splice(0)) wake();
    await this.#starting;
    for (const subscription of run.subscriptions.splice(0)) subscription.dispose();
    const released = await Promise.allSettled(run.holds.map((hold) => hold.release()));
    if (this.#run === run) this.#run = null;
    const failed = released.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #whenConsumed(signal: AbortSignal): Promise<FlowConsumer | null> {
    while (this.#consumer === null && !signal.aborted) {
      await new Promise<void>((resolve) => this.#consumerWaiters.push(resolve));
    }
    return this.#consumer;
  }

  #set(state: SessionState): void {
    const { phase, status, problem } = this.state;
    if (phase === state.phase && status === state.status && problem === state.problem) return;
    if (phase !== state.phase) this.#log.info(`${this.scope}: ${state.phase}. ${state.status}`);
    this.state = state;
    this.#changes.emit(undefined);
  }
}

/** One start of a session, to its end. */
interface Run {
  readonly stop: AbortController;
  readonly subscriptions: Disposable[];
  /** Shares of agents; that of the target's node first. */
  readonly holds: AgentHold[];
  /** Set once the target was found. */
  flows?: FlowTarget;
  podGone?: boolean;
}
