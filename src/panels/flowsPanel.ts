import type { Uri, WebviewPanel } from 'vscode';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import { FlowsFeed } from '../flows/flowsFeed.ts';
import { FlowStore } from '../flows/flowStore.ts';
import type {
  FlowFilter,
  FlowReference,
  FlowsPanelState,
  FlowsQuestion,
  FromFlowsPage,
} from '../model/panelMessages.ts';
import type { PodReference } from '../model/topology.ts';
import { pageHtml, resourceRoots } from './html.ts';

const TICK_MILLISECONDS = 100;
const LEDGER_MILLISECONDS = 1000;
/** After these the page is told its new state. */
const STATE_CHANGES: ReadonlySet<FromFlowsPage['type']> = new Set(['ready', 'sort', 'group', 'pause']);

/** What a panel asks of the rest of the extension. */
export interface FlowsPanelActions {
  /** Starts the observation again, or for the first time after VS Code restarted. */
  readonly restart: (panel: FlowsPanel) => void;
  readonly stop: (flows: SessionFlows) => void;
  readonly showPoints: (flows: SessionFlows, flow: FlowReference) => void;
  /** Shows a pod among the interfaces of its node. */
  readonly revealPod: (flows: SessionFlows, pod: Pick<PodReference, 'namespace' | 'name'>) => void;
  readonly showLog: () => void;
  readonly openSettings: () => void;
}

/** One flow table: an editor that shows one session. All state is here; its page holds the rows in sight. */
export class FlowsPanel {
  readonly panel: WebviewPanel;
  readonly question: FlowsQuestion;
  readonly #actions: FlowsPanelActions;
  readonly #subscriptions: { dispose(): unknown }[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #feed: FlowsFeed;
  #flows: SessionFlows | null = null;
  #sessionSubscription: { dispose(): unknown } | null = null;
  /** What the page is to filter by as soon as it is there: it keeps a filter of its own. */
  #wantedFilter: FlowFilter | null = null;
  #ledgerSentAt = 0;

  constructor(panel: WebviewPanel, extension: Uri, question: FlowsQuestion, actions: FlowsPanelActions) {
    this.panel = panel;
    this.question = question;
    this.#actions = actions;
    this.#feed = new FlowsFeed(new FlowStore(), (message) => {
      // False when the page went away meanwhile: it asks for everything when it is back.
      void panel.webview.postMessage(message);
    });
    this.#feed.setVisible(panel.visible);
    panel.webview.options = { enableScripts: true, localResourceRoots: resourceRoots(extension) };
    this.#subscriptions.push(
      panel.webview.onDidReceiveMessage((message: FromFlowsPage) => this.#receive(message)),
      panel.onDidChangeViewState(() => this.#feed.setVisible(panel.visible)),
      panel.onDidDispose(() => this.#dispose()),
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MILLISECONDS);
    // Once: setting it again would load the page again.
    panel.webview.html = pageHtml(panel.webview, extension, 'flows');
    this.#setTitle();
  }

  /** The session shown; null for a table of before that was not started again. */
  get flows(): SessionFlows | null {
    return this.#flows;
  }

  /** Shows a session; what the page filters and sorts by stays unless another filter is given. */
  show(flows: SessionFlows, filter?: FlowFilter): void {
    this.#sessionSubscription?.dispose();
    this.#flows = flows;
    this.#feed.switchTo(flows.store);
    if (filter !== undefined) this.setFilter(filter);
    this.#sessionSubscription = flows.session.onChange(() => this.#sessionChanged());
    this.#sessionChanged();
  }

  /** Filters by something else than the page asked for. */
  setFilter(filter: FlowFilter): void {
    this.#feed.view.setFilter(filter);
    this.#wantedFilter = filter;
    if (this.panel.visible && this.#feed.ready) this.#sendFilter();
  }

  #receive(message: FromFlowsPage): void {
    switch (message.type) {
      case 'stop':
        if (this.#flows !== null) this.#actions.stop(this.#flows);
        return;
      case 'restart':
        this.#actions.restart(this);
        return;
      case 'showPoints':
        if (this.#flows !== null) this.#actions.showPoints(this.#flows, message.flow);
        return;
      case 'observeNode':
        this.#flows?.session.alsoObserve(message.node);
        return;
      case 'revealPod':
        if (this.#flows !== null) this.#actions.revealPod(this.#flows, message);
        return;
      case 'showLog':
        this.#actions.showLog();
        return;
      case 'openSettings':
        this.#actions.openSettings();
        return;
      default:
        this.#feed.receive(message, Date.now());
        if (STATE_CHANGES.has(message.type)) this.#sendState();
        if (message.type === 'ready') this.#sendFilter();
        if (message.type !== 'received') this.#feed.tick(Date.now());
    }
  }

  #tick(): void {
    const now = Date.now();
    this.#flows?.store.measure(now);
    this.#feed.tick(now);
    if (now - this.#ledgerSentAt >= LEDGER_MILLISECONDS) this.#sendState();
  }

  #sessionChanged(): void {
    this.#setTitle();
    this.#sendState();
  }

  #sendFilter(): void {
    const filter = this.#wantedFilter;
    if (filter === null) return;
    this.#wantedFilter = null;
    void this.panel.webview.postMessage({ type: 'filter', filter });
  }

  #setTitle(): void {
    this.panel.title = `Flows: ${this.#flows?.session.title ?? targetName(this.question)}`;
  }

  #sendState(): void {
    if (!this.#feed.ready || !this.panel.visible) return;
    this.#ledgerSentAt = Date.now();
    void this.panel.webview.postMessage({ type: 'state', state: this.#state() });
  }

  #state(): FlowsPanelState {
    const { filter, sort, grouping, paused } = this.#feed.view;
    const look = { question: this.question, filter, sort, grouping, paused };
    if (this.#flows === null) {
      return {
        ...look,
        title: targetName(this.question),
        scope: sourceName(this.question),
        phase: 'stopped',
        status: 'This observation ended when VS Code was closed. Nothing of it runs now.',
        problem: null,
        ledger: null,
        clocks: [],
      };
    }
    const { session, ledger, clocks } = this.#flows;
    const { phase, status, problem } = session.state;
    return { ...look, title: session.title, scope: session.scope, phase, status, problem, ledger, clocks };
  }

  #dispose(): void {
    clearInterval(this.#timer);
    this.#sessionSubscription?.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

export function targetName({ target }: FlowsQuestion): string {
  return target.kind === 'pod' ? `${target.namespace}/${target.name}` : target.node;
}

function sourceName({ source }: FlowsQuestion): string {
  return source.kind === 'cluster' ? `context ${source.context}` : `this machine · ${source.name}`;
}
