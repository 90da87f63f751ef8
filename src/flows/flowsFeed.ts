import { FLOW } from '../model/flowRecord.ts';
import { FlowRecords } from '../model/flowRecords.ts';
import type {
  FlowReference,
  FlowsWindow,
  FromFlowsPage,
  NamedEndpoint,
  ToFlowsPage,
} from '../model/panelMessages.ts';
import type { FlowStore } from './flowStore.ts';
import { FlowView } from './flowView.ts';

/** What the page asks of the feed; the rest is for the panel. */
export type FeedMessage = Extract<
  FromFlowsPage,
  { type: 'ready' | 'view' | 'received' | 'sort' | 'filter' | 'group' | 'openGroup' | 'pause' | 'select' }
>;

/** A page asks for what it can show; more is a mistake or an attack. */
const MAXIMUM_ROWS = 500;
/** Ages and durations in the table move on although nothing else does. */
const IDLE_MILLISECONDS = 1000;

/**
 * Sends one page the rows it has in sight. Nothing goes to a page that is hidden or not ready, and no second window
 * before the page said that it drew the last. `tick` is called about ten times a second.
 */
export class FlowsFeed {
  #store: FlowStore;
  #view: FlowView;
  readonly #post: (message: ToFlowsPage) => void;
  readonly #knownEndpoints = new Map<number, number>();
  #ready = false;
  #visible = true;
  #credit = true;
  #first = 0;
  #count = 0;
  #selected: FlowReference | null = null;
  #due = true;
  #sentRevision = -1;
  #sentAt = -Infinity;

  constructor(store: FlowStore, post: (message: ToFlowsPage) => void) {
    this.#store = store;
    this.#post = post;
    this.#view = new FlowView(store);
  }

  get view(): FlowView {
    return this.#view;
  }

  /** Goes on with the flows of another session, filtered, sorted and grouped as before, and not paused. */
  switchTo(store: FlowStore): void {
    const { look } = this.#view;
    this.#store = store;
    this.#view = new FlowView(store);
    this.#view.adopt(look);
    this.#knownEndpoints.clear();
    this.#due = true;
  }

  /** Whether a page is there that asked for everything. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Takes a page's message; `now` is milliseconds since the epoch. Sends nothing by itself except on `select`. */
  receive(message: FeedMessage, now: number): void {
    switch (message.type) {
      case 'ready':
        this.#start();
        return;
      case 'view':
        this.#first = Math.max(0, Math.trunc(message.first));
        this.#count = Math.min(MAXIMUM_ROWS, Math.max(0, Math.trunc(message.count)));
        break;
      case 'received':
        this.#credit = true;
        return;
      case 'sort':
        this.#view.setSort(message.sort);
        break;
      case 'filter':
        this.#view.setFilter(message.filter);
        break;
      case 'group':
        this.#view.setGrouping(message.by);
        break;
      case 'openGroup':
        this.#view.openGroup(message.key, message.open);
        break;
      case 'pause':
        if (message.paused) this.#view.pause(now);
        else this.#view.resume();
        break;
      case 'select':
        this.#selected = message.flow;
        this.#sendDetail();
        return;
    }
    this.#due = true;
  }

  /** A page that was hidden is usually a new page when it is shown, which asks for everything again by `ready`. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    this.#credit = true;
    this.#due = true;
  }

  /** Sends a window if something changed and the page is ready for one. */
  tick(now: number): void {
    if (!this.#ready || !this.#visible || !this.#credit) return;
    const reordered = this.#view.refresh(now);
    const changed =
      this.#due || reordered || (!this.#view.paused && this.#sentRevision !== this.#store.revision);
    if (!changed && (this.#view.paused || now - this.#sentAt < IDLE_MILLISECONDS)) return;
    this.#due = false;
    this.#sentRevision = this.#store.revision;
    this.#sentAt = now;
    this.#sendWindow(this.#view.window(this.#first, this.#count, now));
    if (!this.#view.paused) this.#sendDetail();
  }

  #start(): void {
    this.#ready = true;
    this.#credit = true;
    this.#due = true;
    this.#knownEndpoints.clear();
  }

  #sendWindow(window: FlowsWindow): void {
    this.#sendEndpoints(new FlowRecords(window.rows));
    this.#credit = false;
    this.#post({ type: 'window', window });
  }

  #sendDetail(): void {
    if (this.#selected === null || !this.#ready || !this.#visible) return;
    const selected = this.#selected;
    const heir = this.#store.heirOf(selected) ?? selected;
    this.#selected = heir;
    const detail = this.#store.detail(heir.agent, heir.flow);
    if (detail !== null) this.#sendEndpoints(new FlowRecords(detail.record));
    this.#post({
      type: 'detail',
      flow: selected,
      heir,
      record: detail?.record ?? null,
      sightings: detail?.sightings ?? [],
      tunnels: detail?.tunnels ?? [],
      nat: detail?.nat ?? [],
      unobserved: detail?.unobserved ?? [],
    });
  }

  /** Names come before the rows that use them, once each and again when they change. */
  #sendEndpoints(records: FlowRecords): void {
    const endpoints: NamedEndpoint[] = [];
    for (let row = 0; row < records.count; row++) {
      for (const field of [FLOW.client, FLOW.server, FLOW.service]) {
        const id = records.uint32(row, field);
        const revision = this.#store.endpoints.revision(id);
        const endpoint = this.#store.endpoints.endpoint(id);
        if (endpoint === null || this.#knownEndpoints.get(id) === revision) continue;
        this.#knownEndpoints.set(id, revision);
        endpoints.push({ id, endpoint });
      }
    }
    if (endpoints.length > 0) this.#post({ type: 'endpoints', endpoints });
  }
}
