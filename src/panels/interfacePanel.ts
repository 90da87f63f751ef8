import { env, ViewColumn } from 'vscode';
import type { Uri, WebviewPanel } from 'vscode';
import { INTERFACE_PANEL } from '../contributions.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import type { FromInterfacePage, ToInterfacePage } from '../model/interfaceMessages.ts';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import type { FlowReference } from '../model/panelMessages.ts';
import { pageHtml } from './html.ts';
import { createPagePanel } from './pagePanel.ts';
import type { WatchedInterface } from './interfaceWatch.ts';
import { InterfaceWatch } from './interfaceWatch.ts';
import { ToldPage } from './toldPage.ts';

/** The interface of a panel, and what the panel asks of the rest of the extension. */
export interface InterfacePanelOptions extends WatchedInterface {
  readonly beside: boolean;
  /** Opens the view of another interface of the same node. */
  readonly open: (other: InterfaceReference, beside: boolean) => void;
  /** Opens the node's flows, filtered. */
  readonly showFlows: (filter: string) => void;
  readonly showPath: (flows: SessionFlows, flow: FlowReference) => void;
  /** Begins to observe the whole node. */
  readonly observe: () => void;
  /** Asks what to show it beside. */
  readonly compare: () => void;
}

const REFRESH_MILLISECONDS = 1000;

/** What passes one interface: drawn again whenever its node's wiring changed, counts once a second. */
export class InterfacePanel {
  readonly panel: WebviewPanel;
  readonly #options: InterfacePanelOptions;
  readonly #watch: InterfaceWatch;
  readonly #page: ToldPage<ToInterfacePage>;

  constructor(extension: Uri, options: InterfacePanelOptions) {
    this.#options = options;
    this.#watch = new InterfaceWatch(options);
    const column = options.beside ? ViewColumn.Beside : ViewColumn.Active;
    const title = `${options.interface.name} on ${options.node}`;
    this.panel = createPagePanel(extension, INTERFACE_PANEL, title, column);
    this.#page = new ToldPage(this.panel);
    const subscriptions = [
      this.panel.webview.onDidReceiveMessage((message: FromInterfacePage) => this.#receive(message)),
      this.panel.onDidChangeViewState(() => this.#tell()),
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
    if (this.#watch.refresh()) this.#tellPicture();
  }

  #receive(message: FromInterfacePage): void {
    switch (message.type) {
      case 'ready':
        this.#page.begin();
        this.#tell();
        return;
      case 'open':
        this.#options.open(message.interface, message.beside);
        return;
      case 'showFlows':
        this.#options.showFlows(this.#filter());
        return;
      case 'showPath':
        if (this.#watch.flows !== null) this.#options.showPath(this.#watch.flows, message.flow);
        return;
      case 'observe':
        this.#options.observe();
        return;
      case 'compare':
        this.#options.compare();
        return;
      case 'copy':
        void env.clipboard.writeText(message.content);
    }
  }

  /** What asks the flow table for the flows seen here: inside a pod they are seen at the node's end of its wire. */
  #filter(): string {
    const picture = this.#watch.picture();
    if (!('link' in picture)) return '';
    const { link, inside, peer } = picture;
    return `interface:${inside === null ? link.name : (peer?.name ?? '*')}`;
  }

  #tell(): void {
    this.#tellPicture();
    this.#tellTraffic();
  }

  #tellPicture(): void {
    const picture = this.#watch.picture();
    if ('link' in picture) {
      this.panel.title = `${picture.link.name} on ${this.#options.node}`;
      this.#page.tell({ type: 'interface', picture });
    } else {
      this.#page.tell({ type: 'nothing', ...picture });
    }
  }

  #tellTraffic(): void {
    if (this.#page.isListening) this.#page.tell({ type: 'traffic', traffic: this.#watch.traffic() });
  }
}
