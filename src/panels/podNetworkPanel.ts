import { env, ViewColumn } from 'vscode';
import type { Uri, WebviewPanel } from 'vscode';
import { POD_NETWORK_PANEL } from '../contributions.ts';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import { podsOfNode } from '../model/podNetwork/podNetwork.ts';
import { podNetworkPicture } from '../model/podNetwork/podNetworkPicture.ts';
import type { FromPodNetworkPage, ToPodNetworkPage } from '../model/podNetworkMessages.ts';
import type { PodReference, Topology } from '../model/topology.ts';
import { pageHtml } from './html.ts';
import { createPagePanel } from './pagePanel.ts';

export interface PodNetworkPanelOptions {
  readonly node: string;
  readonly pod: PodReference;
  /** The node's wiring as it is known now. */
  readonly topology: () => Topology | null;
  /** Opens the view of an interface of the node. */
  readonly open: (reference: InterfaceReference, beside: boolean) => void;
}

/** How a pod got its network, told again whenever its node's wiring changed. */
export class PodNetworkPanel {
  readonly panel: WebviewPanel;
  readonly #options: PodNetworkPanelOptions;
  #ready = false;
  #told = '';
  #topology: Topology | null = null;
  /** What was told of the pod last, while it was there. */
  #last: ToPodNetworkPage | null = null;
  /** When it was missed first, as the user's clock shows it; null while it is there. */
  #goneSince: string | null = null;

  constructor(extension: Uri, options: PodNetworkPanelOptions) {
    this.#options = options;
    const title = `Network of ${options.pod.name}`;
    this.panel = createPagePanel(extension, POD_NETWORK_PANEL, title, ViewColumn.Active);
    const subscriptions = [
      this.panel.webview.onDidReceiveMessage((message: FromPodNetworkPage) => this.#receive(message)),
      this.panel.onDidChangeViewState(() => this.#tell()),
    ];
    this.panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
    });
    this.panel.webview.html = pageHtml(this.panel.webview, extension, 'podNetwork');
    this.refresh();
  }

  /** The node's wiring, or its agent, may have changed. */
  refresh(): void {
    const topology = this.#options.topology();
    if (topology === this.#topology && topology !== null) return;
    this.#topology = topology;
    const picture = topology === null ? null : podNetworkPicture(topology, this.#options.pod.uid);
    if (picture !== null) {
      this.#last = { type: 'network', picture };
      this.#goneSince = null;
    } else this.#goneSince ??= new Date().toLocaleTimeString();
    this.#tell();
  }

  #receive(message: FromPodNetworkPage): void {
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#told = '';
        this.#tell();
        return;
      case 'open':
        this.#options.open(message.interface, message.beside);
        return;
      case 'copy':
        void env.clipboard.writeText(message.content);
    }
  }

  #tell(): void {
    if (!this.#ready || !this.panel.visible) return;
    const messages = this.#messages();
    const text = JSON.stringify(messages);
    if (text === this.#told) return;
    this.#told = text;
    // False when the page went away meanwhile: it says `ready` when it is back.
    for (const message of messages) void this.panel.webview.postMessage(message);
  }

  /** A page that comes back is told what was there before it is told that it is over. */
  #messages(): ToPodNetworkPage[] {
    if (this.#goneSince === null && this.#last !== null) return [this.#last];
    if (this.#last === null) return [{ type: 'nothing', reason: this.#absence() }];
    return [this.#last, { type: 'gone', reason: this.#ending(this.#goneSince ?? '') }];
  }

  #absence(): string {
    const { node, pod } = this.#options;
    return this.#topology === null
      ? `${node} is not observed now: its wiring is told by the agent there.`
      : `No process of ${pod.namespace}/${pod.name} was found on ${node} yet.`;
  }

  #ending(since: string): string {
    const { node, pod } = this.#options;
    const name = `${pod.namespace}/${pod.name}`;
    if (this.#topology === null) {
      return `${node} has not been observed since ${since}: this is what its agent told last.`;
    }
    const heir = podsOfNode(this.#topology).some(
      (one) => one.namespace === pod.namespace && one.name === pod.name,
    );
    const again = heir ? ' Another pod of its name is there now, with a network of its own.' : '';
    return `${name} is gone from ${node} since ${since}: this is what it had.${again}`;
  }
}
