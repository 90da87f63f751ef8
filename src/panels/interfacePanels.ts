import type { Disposable, Uri } from 'vscode';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import type { FlowReference } from '../model/panelMessages.ts';
import type { Topology } from '../model/topology.ts';
import type { Agent, Source } from '../session/types.ts';
import { ComparisonPanel } from './comparisonPanel.ts';
import { InterfacePanel } from './interfacePanel.ts';
import type { WatchedInterface } from './interfaceWatch.ts';
import type { Observations } from './observations.ts';

/** A node of a source. */
export interface ObservedNode {
  readonly source: Source;
  readonly node: string;
}

/** What interface views ask of the rest of the extension. */
export interface InterfacePanelActions {
  readonly showFlows: (at: ObservedNode, filter: string) => void;
  readonly showPath: (flows: SessionFlows, flow: FlowReference) => void;
  readonly observe: (at: ObservedNode) => void;
  /** Asks which to compare; those given are chosen already. */
  readonly compare: (chosen: readonly NodeInterface[]) => void;
}

/** An interface of a node of a source. */
export interface NodeInterface {
  readonly at: ObservedNode;
  readonly interface: InterfaceReference;
}

/** All interface views that are open: one an interface, and one for those that are compared. */
export class InterfacePanels implements Disposable {
  readonly #extension: Uri;
  readonly #observations: Observations;
  readonly #actions: InterfacePanelActions;
  readonly #open = new Map<string, InterfacePanel>();
  readonly #comparisons = new Map<string, ComparisonPanel>();
  readonly #subscription: Disposable;

  constructor(extension: Uri, observations: Observations, actions: InterfacePanelActions) {
    this.#extension = extension;
    this.#observations = observations;
    this.#actions = actions;
    this.#subscription = observations.onAgentChange(() => {
      for (const panel of [...this.#open.values(), ...this.#comparisons.values()]) panel.refresh();
    });
  }

  /** Brings the view of an interface to front, opened if need be. */
  show(at: ObservedNode, reference: InterfaceReference, beside: boolean): void {
    const shown = { at, interface: reference };
    const key = keyOf(shown);
    const open = this.#open.get(key);
    if (open !== undefined) {
      open.panel.reveal();
      return;
    }
    const panel = new InterfacePanel(this.#extension, {
      ...this.#watched(shown),
      beside,
      open: (other, besides) => this.show(at, other, besides),
      showFlows: (filter) => this.#actions.showFlows(at, filter),
      showPath: this.#actions.showPath,
      observe: () => this.#actions.observe(at),
      compare: () => this.#actions.compare([shown]),
    });
    this.#open.set(key, panel);
    panel.panel.onDidDispose(() => this.#open.delete(key));
  }

  /** Shows interfaces side by side, in this order. */
  compare(compared: readonly NodeInterface[]): void {
    const key = compared.map(keyOf).join('\n\n');
    const open = this.#comparisons.get(key);
    if (open !== undefined) {
      open.panel.reveal();
      return;
    }
    const panel = new ComparisonPanel(this.#extension, {
      watched: compared.map((one) => this.#watched(one)),
      open: (place, other, beside) => {
        const at = compared[place]?.at;
        if (at !== undefined) this.show(at, other, beside);
      },
      observe: (place) => {
        const at = compared[place]?.at;
        if (at !== undefined) this.#actions.observe(at);
      },
      choose: () => this.#actions.compare(compared),
    });
    this.#comparisons.set(key, panel);
    panel.panel.onDidDispose(() => this.#comparisons.delete(key));
  }

  #watched({ at, interface: reference }: NodeInterface): WatchedInterface {
    return {
      node: at.node,
      interface: reference,
      topology: () => this.topology(at),
      counting: () => this.#counting(at),
    };
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

function keyOf({ at, interface: { netns, ifindex } }: NodeInterface): string {
  return `${sourceKey(at.source)}\n${at.node}\n${netns}\n${ifindex}`;
}

function sourceKey(source: Source): string {
  return source.kind === 'local' ? `local ${source.local.name}` : `cluster ${source.cluster.key}`;
}
