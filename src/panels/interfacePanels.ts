import type { Disposable, Uri } from 'vscode';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import type { FlowReference } from '../model/panelMessages.ts';
import type { PodReference, Topology } from '../model/topology.ts';
import type { Agent, Source } from '../session/types.ts';
import { InterfacePanel } from './interfacePanel.ts';
import type { Observations } from './observations.ts';

/** A node of a source. */
export interface ObservedNode {
  readonly source: Source;
  readonly node: string;
}

/** What interface views ask of the rest of the extension. */
export interface InterfacePanelActions {
  /** Opens the flows of a node, filtered by a pod where there is one. */
  readonly showFlows: (at: ObservedNode, pod: PodReference | null) => void;
  readonly showPath: (flows: SessionFlows, flow: FlowReference) => void;
  readonly observe: (at: ObservedNode) => void;
}

/** All interface views that are open: one an interface. */
export class InterfacePanels implements Disposable {
  readonly #extension: Uri;
  readonly #observations: Observations;
  readonly #actions: InterfacePanelActions;
  readonly #open = new Map<string, InterfacePanel>();
  readonly #subscription: Disposable;

  constructor(extension: Uri, observations: Observations, actions: InterfacePanelActions) {
    this.#extension = extension;
    this.#observations = observations;
    this.#actions = actions;
    this.#subscription = observations.onAgentChange(() => {
      for (const panel of this.#open.values()) panel.refresh();
    });
  }

  /** Brings the view of an interface to front, opened if need be. */
  show(at: ObservedNode, reference: InterfaceReference, beside: boolean): void {
    const key = `${sourceKey(at.source)}\n${at.node}\n${reference.netns}\n${reference.ifindex}`;
    const open = this.#open.get(key);
    if (open !== undefined) {
      open.panel.reveal();
      return;
    }
    const panel = new InterfacePanel(this.#extension, {
      node: at.node,
      interface: reference,
      beside,
      topology: () => this.topology(at),
      open: (other, besides) => this.show(at, other, besides),
      showFlows: (pod) => this.#actions.showFlows(at, pod),
      counting: () => this.#counting(at),
      showPath: this.#actions.showPath,
      observe: () => this.#actions.observe(at),
    });
    this.#open.set(key, panel);
    panel.panel.onDidDispose(() => this.#open.delete(key));
  }

  /** The wiring of a node that is observed; null for another. */
  topology(at: ObservedNode): Topology | null {
    return this.#observations.agents.find((agent) => observes(agent, at))?.topology ?? null;
  }

  /** The session that counts on a node: one of a whole node counts all that passes. */
  #counting(at: ObservedNode): SessionFlows | null {
    const counting = this.#observations.live.filter(({ session }) =>
      session.agents.some((agent) => observes(agent, at)),
    );
    return counting.find(({ session }) => session.target.kind === 'node') ?? counting[0] ?? null;
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}

/** Its wiring is what is there now. */
export function isObserving({ phase }: Agent): boolean {
  return phase !== 'stopped' && phase !== 'failed';
}

/** Whether an agent observes a node; a local source has one. */
function observes(agent: Agent, { source, node }: ObservedNode): boolean {
  return (
    isObserving(agent) &&
    sourceKey(agent.source) === sourceKey(source) &&
    (source.kind === 'local' || agent.node === node)
  );
}

function sourceKey(source: Source): string {
  return source.kind === 'local' ? `local ${source.local.name}` : `cluster ${source.cluster.key}`;
}
