import { env, Uri, ViewColumn, window } from 'vscode';
import type { WebviewPanel } from 'vscode';
import { INTERFACE_PANEL } from '../contributions.ts';
import { InterfaceCounter } from '../flows/interfaceCounter.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import type { FromInterfacePage, ToInterfacePage } from '../model/interfaceMessages.ts';
import type { InterfaceTraffic } from '../model/interfaceView/interfaceTraffic.ts';
import { interfacePicture } from '../model/interfaceView/interfacePicture.ts';
import type { Reading } from '../model/interfaceView/rates.ts';
import { ratesBetween } from '../model/interfaceView/rates.ts';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import type { FlowReference } from '../model/panelMessages.ts';
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
  /** The session that counts here; of several the one that counts most. */
  readonly counting: () => SessionFlows | null;
  readonly showPath: (flows: SessionFlows, flow: FlowReference) => void;
  /** Begins to observe the whole node. */
  readonly observe: () => void;
}

const REFRESH_MILLISECONDS = 1000;

/** What passes one interface: drawn again whenever its node's wiring changed, counts once a second. */
export class InterfacePanel {
  readonly panel: WebviewPanel;
  readonly #options: InterfacePanelOptions;
  #ready = false;
  #told = '';
  #toldTraffic = '';
  #counted: { readonly flows: SessionFlows; readonly counter: InterfaceCounter } | null = null;
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
      this.panel.onDidChangeViewState(() => this.#tellAll()),
    ];
    const timer = setInterval(() => this.#tellTraffic(), REFRESH_MILLISECONDS);
    this.panel.onDidDispose(() => {
      clearInterval(timer);
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

  #tellAll(): void {
    this.#tell();
    this.#tellTraffic();
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
        this.#toldTraffic = '';
        this.#tellAll();
        return;
      case 'open':
        this.#options.open(message.interface, message.beside);
        return;
      case 'showFlows':
        this.#options.showFlows(this.#owner());
        return;
      case 'showPath':
        if (this.#counted !== null) this.#options.showPath(this.#counted.flows, message.flow);
        return;
      case 'observe':
        this.#options.observe();
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

  #tellTraffic(): void {
    if (!this.#ready || !this.panel.visible) return;
    const traffic = this.#traffic();
    const text = JSON.stringify(traffic);
    if (text === this.#toldTraffic) return;
    this.#toldTraffic = text;
    void this.panel.webview.postMessage({ type: 'traffic', traffic });
  }

  #traffic(): InterfaceTraffic | null {
    const flows = this.#options.counting();
    const topology = this.#topology;
    if (flows === null || topology === null) {
      this.#counted = null;
      return null;
    }
    if (this.#counted?.flows !== flows) {
      const { netns, ifindex } = this.#options.interface;
      const counter = new InterfaceCounter(flows.store, { node: topology.node, netns, ifindex });
      this.#counted = { flows, counter };
    }
    const { target } = flows.session;
    return {
      only: target.kind === 'pod' ? `${target.namespace}/${target.name}` : null,
      since: flows.since,
      ...this.#counted.counter.read(topology, performance.now()),
    };
  }

  #message(): ToInterfacePage {
    const { node, interface: asked } = this.#options;
    if (this.#topology === null) {
      return {
        type: 'nothing',
        reason: `${node} is not observed now: its wiring and what passes are told by the agent there.`,
        unobserved: node,
      };
    }
    const picture = interfacePicture(this.#topology, asked, this.#rates);
    if (picture === null) {
      const reason = `There is no ${asked.name} (${asked.ifindex}) on ${node} any more.`;
      return { type: 'nothing', reason, unobserved: null };
    }
    this.panel.title = `${picture.link.name} on ${node}`;
    return { type: 'interface', picture };
  }
}
