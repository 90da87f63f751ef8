import type { Disposable } from '../kube/listeners.ts';
import { Listeners } from '../kube/listeners.ts';
import type { Log } from '../kube/log.ts';
import { clusterStarter } from './clusterStarter.ts';
import { localStarter } from './localStarter.ts';
import { ManagedAgent } from './managedAgent.ts';
import type { SessionsOptions, Source, StartRequest } from './types.ts';

/** A session's share of an agent. */
export interface AgentHold {
  readonly agent: ManagedAgent;
  /** Gives the share back; the last one removes the agent. Resolves when it is gone. @throws KubeError */
  release(): Promise<void>;
}

/** One agent for each node of each cluster, however many sessions observe there. */
export class Agents {
  readonly #options: SessionsOptions;
  readonly #log: Log;
  readonly #agents = new Map<string, ManagedAgent>();
  readonly #changes = new Listeners<ManagedAgent>();

  constructor(options: SessionsOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  get all(): readonly ManagedAgent[] {
    return [...this.#agents.values()];
  }

  /** One came, went, changed phase or sent a new topology. */
  onChange(listener: (agent: ManagedAgent) => void): Disposable {
    return this.#changes.add(listener);
  }

  /** The agent of a node, started when there is none that lives. */
  hold(node: string, request: StartRequest): AgentHold {
    const key = agentKey(request.source, node);
    let agent = this.#agents.get(key);
    if (agent === undefined || agent.ended) agent = this.#create(key, node, request);
    agent.holders += 1;
    return this.#holdOf(agent);
  }

  #create(key: string, node: string, request: StartRequest): ManagedAgent {
    const { source } = request;
    const starter =
      source.kind === 'cluster'
        ? clusterStarter(source.cluster, node, request, this.#options, this.#log)
        : localStarter(source.local, this.#options.agentProgram, this.#log);
    const { version } = this.#options;
    const agent = new ManagedAgent({ key, source, node, starter, version, log: this.#log });
    this.#agents.set(key, agent);
    agent.onChange(() => this.#changes.emit(agent));
    agent.onTopology(() => this.#changes.emit(agent));
    // After the caller has its hold: it listens before the first change.
    queueMicrotask(() => this.#changes.emit(agent));
    return agent;
  }

  #holdOf(agent: ManagedAgent): AgentHold {
    let held = true;
    return {
      agent,
      release: async () => {
        if (!held) return;
        held = false;
        agent.holders -= 1;
        if (agent.holders > 0) return;
        try {
          await agent.remove();
        } finally {
          // Another agent may have taken the place of one that had failed.
          if (this.#agents.get(agent.key) === agent) this.#agents.delete(agent.key);
          this.#changes.emit(agent);
        }
      },
    };
  }
}

export const sourceKey = (source: Source): string =>
  source.kind === 'cluster' ? `cluster ${source.cluster.key}` : `local ${source.local.name}`;

const agentKey = (source: Source, node: string): string => `${sourceKey(source)} ${node}`;
