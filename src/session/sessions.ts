import { randomBytes } from 'node:crypto';
import { listAgents, removeAgent } from '../kube/agentRemoval.ts';
import type { Cluster } from '../kube/cluster.ts';
import { Listeners, type Disposable } from '../kube/listeners.ts';
import type { Log } from '../kube/log.ts';
import { Agents } from './agents.ts';
import { TargetSession } from './session.ts';
import type { Agent, FoundAgent, Session, Sessions, SessionsOptions, StartRequest } from './types.ts';

const DISPOSE_MILLISECONDS = 4000;

/** All sessions of this VS Code: made in activate(), disposed of in deactivate(). */
export function createSessions(options: SessionsOptions, log: Log): Sessions {
  return new AllSessions(options, log);
}

class AllSessions implements Sessions {
  readonly #log: Log;
  readonly #agents: Agents;
  readonly #changes = new Listeners<undefined>();
  #sessions: readonly TargetSession[] = [];

  constructor(options: SessionsOptions, log: Log) {
    this.#log = log;
    this.#agents = new Agents(options, log);
  }

  get sessions(): readonly Session[] {
    return this.#sessions;
  }

  get agents(): readonly Agent[] {
    return this.#agents.all;
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.add(listener);
  }

  onAgentChange(listener: (agent: Agent) => void): Disposable {
    return this.#agents.onChange(listener);
  }

  start(request: StartRequest): Session {
    const session = new TargetSession(randomBytes(6).toString('hex'), request, this.#agents, this.#log);
    this.#sessions = [...this.#sessions, session];
    session.onChange(() => this.#changes.emit(undefined));
    this.#changes.emit(undefined);
    return session;
  }

  async findAgents(cluster: Cluster): Promise<readonly FoundAgent[]> {
    const jobs = await listAgents(cluster.api, cluster.namespace);
    const ours = new Set(this.#agents.all.flatMap((agent) => agent.deployedName ?? []));
    return jobs.map((job) => ({ ...job, ours: ours.has(`${job.namespace}/${job.name}`) }));
  }

  async removeAgents(cluster: Cluster, agents: readonly FoundAgent[]): Promise<void> {
    const names = new Set(agents.map(({ namespace, name }) => `${namespace}/${name}`));
    const used = this.#sessions.filter((session) => {
      const deployed = session.agents.flatMap((agent) => agent.deployedName ?? []);
      return deployed.some((name) => names.has(name));
    });
    await settleAll(used.map((session) => session.stop()));
    await settleAll(agents.map((agent) => removeAgent(cluster.api, agent, this.#log)));
  }

  forget(session: Session): void {
    if (session.state.phase !== 'stopped' && session.state.phase !== 'failed') return;
    this.#sessions = this.#sessions.filter((known) => known !== session);
    this.#changes.emit(undefined);
    // Gives back what it still holds: its share of the inventory.
    session.stop().catch((error: unknown) => {
      this.#log.error(error instanceof Error ? error.message : String(error));
    });
  }

  async dispose(): Promise<void> {
    const stops = Promise.allSettled(this.#sessions.map((session) => session.stop()));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DISPOSE_MILLISECONDS);
    });
    await Promise.race([stops, late]);
    clearTimeout(timer);
    this.#changes.clear();
  }
}

/** Waits for all; then throws the first failure. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
