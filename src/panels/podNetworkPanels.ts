import type { Disposable, Uri } from 'vscode';
import type { PodReference } from '../model/topology.ts';
import type { InterfacePanels, ObservedNode } from './interfacePanels.ts';
import type { Observations } from './observations.ts';
import { PodNetworkPanel } from './podNetworkPanel.ts';

/** All views of pods' networks that are open: one a pod. */
export class PodNetworkPanels implements Disposable {
  readonly #extension: Uri;
  readonly #interfaces: InterfacePanels;
  readonly #open = new Map<string, PodNetworkPanel>();
  readonly #subscription: Disposable;

  constructor(extension: Uri, observations: Observations, interfaces: InterfacePanels) {
    this.#extension = extension;
    this.#interfaces = interfaces;
    this.#subscription = observations.onAgentChange(() => {
      for (const panel of this.#open.values()) panel.refresh();
    });
  }

  /** Brings the view of a pod to front, opened if need be. */
  show(at: ObservedNode, pod: PodReference): void {
    const open = this.#open.get(pod.uid);
    if (open !== undefined) {
      open.panel.reveal();
      return;
    }
    const panel = new PodNetworkPanel(this.#extension, {
      node: at.node,
      pod,
      topology: () => this.#interfaces.topology(at),
      open: (reference, beside) => this.#interfaces.show(at, reference, beside),
    });
    this.#open.set(pod.uid, panel);
    panel.panel.onDidDispose(() => this.#open.delete(pod.uid));
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
