import type { Disposable, Uri } from 'vscode';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import type { PodReference, Topology } from '../model/topology.ts';
import type { Agent, Source } from '../session/types.ts';
import { InterfacePanel } from './interfacePanel.ts';
import type { Observations } from './observations.ts';

/** A node of a source. */
export interface ObservedNode {
  readonly source: Source;
  readonly node: string;
}

/** All interface views that are open: one an interface. */
export class InterfacePanels implements Disposable {
  readonly #extension: Uri;
  readonly #observations: Observations;
  readonly #showFlows: (at: ObservedNode, pod: PodReference | null) => void;
  readonly #open = new Map<string, InterfacePanel>();
  readonly #subscription: Disposable;

  constructor(
    extension: Uri,
    observations: Observations,
    showFlows: (at: ObservedNode, pod: PodReference | null) => void,
  ) {
    this.#extension = extension;
    this.#observations = observations;
    this.#showFlows = showFlows;
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
      showFlows: (pod) => this.#showFlows(at, pod),
    });
    this.#open.set(key, panel);
    panel.panel.onDidDispose(() => this.#open.delete(key));
  }

  /** The wiring of a node that is observed; null for another. */
  topology({ source, node }: ObservedNode): Topology | null {
    const agent = this.#observations.agents.find(
      (candidate) =>
        isObserving(candidate) &&
        sourceKey(candidate.source) === sourceKey(source) &&
        (source.kind === 'local' || candidate.node === node),
    );
    return agent?.topology ?? null;
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}

/** Its wiring is what is there now. */
export function isObserving({ phase }: Agent): boolean {
  return phase !== 'stopped' && phase !== 'failed';
}

function sourceKey(source: Source): string {
  return source.kind === 'local' ? `local ${source.local.name}` : `cluster ${source.cluster.key}`;
}
