import { EventEmitter } from 'vscode';
import { SessionFlows } from '../flows/sessionFlows.ts';
import type { Agent, Sessions, StartRequest } from '../session/types.ts';

/**
 * The running observations of this window, each with its flows. Sessions, and all that they need to reach a cluster,
 * are loaded with the first of them.
 */
export class Observations {
  readonly #load: () => Promise<Sessions>;
  readonly #agentChanges = new EventEmitter<Agent>();
  readonly #changes = new EventEmitter<void>();
  readonly #flows = new Map<string, SessionFlows>();
  #loading: Promise<Sessions> | null = null;
  #sessions: Sessions | null = null;
  /** An agent came, went, changed phase or sent a new topology. */
  readonly onAgentChange = this.#agentChanges.event;
  /** A session came, went or changed. */
  readonly onDidChange = this.#changes.event;

  constructor(load: () => Promise<Sessions>) {
    this.#load = load;
  }

  get agents(): readonly Agent[] {
    return this.#sessions?.agents ?? [];
  }

  /** Those that are not over. */
  get live(): readonly SessionFlows[] {
    return [...this.#flows.values()].filter(({ session }) => isLive(session.state.phase));
  }

  sessions(): Promise<Sessions> {
    this.#loading ??= this.#load().then((sessions) => {
      this.#sessions = sessions;
      sessions.onAgentChange((agent) => this.#agentChanges.fire(agent));
      sessions.onChange(() => this.#changes.fire());
      return sessions;
    });
    return this.#loading;
  }

  /** Starts a session and counts its flows from the first on. */
  async start(request: StartRequest): Promise<SessionFlows> {
    const sessions = await this.sessions();
    const flows = new SessionFlows(sessions.start(request));
    this.#flows.set(flows.session.id, flows);
    this.#changes.fire();
    return flows;
  }

  /** Lets go of the flows of a session that is over and that nobody looks at. */
  forget(flows: SessionFlows): void {
    flows.dispose();
    this.#flows.delete(flows.session.id);
    this.#sessions?.forget(flows.session);
    this.#changes.fire();
  }

  /** Stops everything; resolves when our agents are gone or the time for it is over. */
  async dispose(): Promise<void> {
    this.#changes.dispose();
    this.#agentChanges.dispose();
    for (const flows of this.#flows.values()) flows.dispose();
    const sessions = await this.#loading;
    await sessions?.dispose();
  }
}

export function isLive(phase: SessionFlows['session']['state']['phase']): boolean {
  return phase !== 'stopped' && phase !== 'failed';
}
