import { env, Uri, ViewColumn, window } from 'vscode';
import type { WebviewPanel } from 'vscode';
import { INTERFACE_PANEL } from '../contributions.ts';
import type { FromInterfacePage, ToInterfacePage } from '../model/interfaceMessages.ts';
import { interfacePicture } from '../model/interfaceView/interfacePicture.ts';
import type { Reading } from '../model/interfaceView/rates.ts';
import { ratesBetween } from '../model/interfaceView/rates.ts';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import type { InterfaceStatistics, PodReference, Topology } from '../model/topology.ts';
import { pageHtml, resourceRoots } from './html.ts';

/** Where a panel finds its interface, and what it asks of the rest of the extension. */
export interface InterfacePanelOptions {
  readonly node: string;
  readonly interface: InterfaceReference;
  readonly beside: boolean;
  /** The node's wiring as it is known now. */
  readonly topology: () => Topology | null;
  /** Opens the view of another interface of the same node. */
  readonly open: (other: InterfaceReference, beside: boolean) => void;
  /** Opens the node's flows; the pod is that of the wire, to be filtered by. */
  readonly showFlows: (pod: PodReference | null) => void;
}

/** What passes one interface, drawn again whenever its node's wiring changed. */
export class InterfacePanel {
  readonly panel: WebviewPanel;
  readonly #options: InterfacePanelOptions;
  #ready = false;
  #told = '';
  #topology: Topology | null = null;
  #reading: Reading | null = null;
  #rates: InterfaceStatistics | null = null;

  constructor(extension: Uri, options: InterfacePanelOptions) {
    this.#options = options;
    const column = options.beside ? ViewColumn.Beside : ViewColumn.Active;
    const title = `${options.interface.name} on ${options.node}`;
    this.panel = window.createWebviewPanel(INTERFACE_PANEL, title, column, {
      enableScripts: true,
      localResourceRoots: resourceRoots(extension),
    });
    this.panel.iconPath = {
      dark: Uri.joinPath(extension, 'media', 'tab-dark.svg'),
      light: Uri.joinPath(extension, 'media', 'tab-light.svg'),
    };
    const subscriptions = [
      this.panel.webview.onDidReceiveMessage((message: FromInterfacePage) => this.#receive(message)),
      this.panel.onDidChangeViewState(() => this.#tell()),
    ];
    this.panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
    });
    this.panel.webview.html = pageHtml(this.panel.webview, extension, 'interface');
    this.refresh();
  }

  /** The node's wiring, or its agent, may have changed. */
  refresh(): void {
    const topology = this.#options.topology();
    if (topology === this.#topology && topology !== null) return;
    this.#topology = topology;
    this.#measure(topology);
    this.#tell();
  }

  #measure(topology: Topology | null): void {
    const { netns, ifindex } = this.#options.interface;
    const link = topology?.namespaces
      .find(({ inode }) => inode === netns)
      ?.interfaces.find((candidate) => candidate.ifindex === ifindex);
    const reading = link === undefined ? null : { time: Date.now(), statistics: link.statistics };
    this.#rates = this.#reading === null || reading === null ? null : ratesBetween(this.#reading, reading);
    this.#reading = reading;
  }

  #receive(message: FromInterfacePage): void {
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#told = '';
        this.#tell();
        return;
      case 'open':
        this.#options.open(message.interface, message.beside);
        return;
      case 'showFlows':
        this.#options.showFlows(this.#owner());
        return;
      case 'copy':
        void env.clipboard.writeText(message.content);
    }
  }

  #owner(): PodReference | null {
    if (this.#topology === null) return null;
    return interfacePicture(this.#topology, this.#options.interface, null)?.owner ?? null;
  }

  #tell(): void {
    if (!this.#ready || !this.panel.visible) return;
    const message = this.#message();
    const text = JSON.stringify(message);
    if (text === this.#told) return;
    this.#told = text;
    // False when the page went away meanwhile: it says `ready` when it is back.
    void this.panel.webview.postMessage(message);
  }

  #message(): ToInterfacePage {
    const { node, interface: asked } = this.#options;
    if (this.#topology === null) {
      return {
        type: 'nothing',
        reason: `${node} is not observed now: its wiring is told by the agent there.`,
      };
    }
    const picture = interfacePicture(this.#topology, asked, this.#rates);
    if (picture === null) {
      return { type: 'nothing', reason: `There is no ${asked.name} (${asked.ifindex}) on ${node} any more.` };
    }
    this.panel.title = `${picture.link.name} on ${node}`;
    return { type: 'interface', picture };
  }
}
