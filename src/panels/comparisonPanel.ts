import { env, ViewColumn } from 'vscode';
import type { Uri, WebviewPanel } from 'vscode';
import { COMPARISON_PANEL } from '../contributions.ts';
import type { ComparedInterface, FromComparisonPage, ToComparisonPage } from '../model/comparisonMessages.ts';
import type { InterfaceReference } from '../model/interfaceView/trafficLine.ts';
import { pageHtml } from './html.ts';
import { createPagePanel } from './pagePanel.ts';
import type { WatchedInterface } from './interfaceWatch.ts';
import { InterfaceWatch } from './interfaceWatch.ts';
import { ToldPage } from './toldPage.ts';

/** The interfaces of a panel, and what the panel asks of the rest of the extension. */
export interface ComparisonPanelOptions {
  readonly watched: readonly WatchedInterface[];
  /** Opens the view of an interface of the node of one of them. */
  readonly open: (place: number, other: InterfaceReference, beside: boolean) => void;
  readonly observe: (place: number) => void;
  readonly choose: () => void;
}

const REFRESH_MILLISECONDS = 1000;

/** What interfaces see and cannot see, side by side. */
export class ComparisonPanel {
  readonly panel: WebviewPanel;
  readonly #options: ComparisonPanelOptions;
  readonly #watches: readonly InterfaceWatch[];
  readonly #page: ToldPage<ToComparisonPage>;

  constructor(extension: Uri, options: ComparisonPanelOptions) {
    this.#options = options;
    this.#watches = options.watched.map((watched) => new InterfaceWatch(watched));
    const title = options.watched.map(({ interface: { name } }) => name).join(' | ');
    this.panel = createPagePanel(extension, COMPARISON_PANEL, title, ViewColumn.Active);
    this.#page = new ToldPage(this.panel);
    const subscriptions = [
      this.panel.webview.onDidReceiveMessage((message: FromComparisonPage) => this.#receive(message)),
      this.panel.onDidChangeViewState(() => this.#tell()),
    ];
    const timer = setInterval(() => this.#tellTraffic(), REFRESH_MILLISECONDS);
    this.panel.onDidDispose(() => {
      clearInterval(timer);
      for (const subscription of subscriptions) subscription.dispose();
    });
    this.panel.webview.html = pageHtml(this.panel.webview, extension, 'comparison');
    this.refresh();
  }

  /** The wiring of a node, or its agent, may have changed. */
  refresh(): void {
    const changes = this.#watches.map((watch) => watch.refresh());
    if (changes.includes(true)) this.#tellInterfaces();
  }

  #receive(message: FromComparisonPage): void {
    switch (message.type) {
      case 'ready':
        this.#page.begin();
        this.#tell();
        return;
      case 'open':
        this.#options.open(message.place, message.interface, message.beside);
        return;
      case 'observe':
        this.#options.observe(message.place);
        return;
      case 'choose':
        this.#options.choose();
        return;
      case 'copy':
        void env.clipboard.writeText(message.content);
    }
  }

  #tell(): void {
    this.#tellInterfaces();
    this.#tellTraffic();
  }

  #tellInterfaces(): void {
    const interfaces = this.#watches.flatMap((watch, place): ComparedInterface[] => {
      const watched = this.#options.watched[place];
      if (watched === undefined) return [];
      const { node, interface: reference } = watched;
      const picture = watch.picture();
      return 'link' in picture
        ? [{ node, interface: reference, picture, reason: null, unobserved: false }]
        : [
            {
              ...{ node, interface: reference, picture: null, reason: picture.reason },
              unobserved: picture.unobserved !== null,
            },
          ];
    });
    this.#page.tell({ type: 'interfaces', interfaces });
  }

  #tellTraffic(): void {
    if (!this.#page.isListening) return;
    this.#page.tell({ type: 'traffic', traffic: this.#watches.map((watch) => watch.traffic()) });
  }
}
