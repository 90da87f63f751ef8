import type { FeedMessage } from '../../src/flows/flowsFeed.ts';
import { FlowsFeed } from '../../src/flows/flowsFeed.ts';
import { FlowStore } from '../../src/flows/flowStore.ts';
import type { FlowsPanelState, FromFlowsPage, ToFlowsPage } from '../../src/model/panelMessages.ts';
import type { FlowsHost } from '../flows/page.ts';
import type { Scenario } from './scenarios/scenario.ts';

const TICK_MILLISECONDS = 100;
const STATE_CHANGES: ReadonlySet<FromFlowsPage['type']> = new Set(['ready', 'sort', 'group', 'pause']);

/** Plays panel and session for one page. Messages are copied as they are on their way to a webview. */
export class FakeHost implements FlowsHost {
  /** Types of all messages the page sent, oldest first. */
  readonly asked: FromFlowsPage['type'][] = [];
  /** Windows sent so far. */
  windows = 0;
  readonly #store = new FlowStore();
  readonly #feed = new FlowsFeed(this.#store, (message) => this.#send(message));
  readonly #listeners: ((message: ToFlowsPage) => void)[] = [];
  #state: FlowsPanelState;
  #pageState: unknown = undefined;

  constructor(scenario: Scenario) {
    const { filter, sort, grouping, paused } = this.#feed.view;
    this.#state = { ...scenario.state, filter, sort, grouping, paused };
    scenario.play({
      apply: (update) => this.#store.apply(update),
      setState: (change) => {
        this.#state = { ...this.#state, ...change };
        this.#sendState();
      },
    });
    setInterval(() => this.#tick(), TICK_MILLISECONDS);
  }

  /** Milliseconds that filtering, grouping and sorting took last. */
  get sortCost(): number {
    return this.#feed.view.sortCost;
  }

  get pageState(): unknown {
    return this.#pageState;
  }

  keepPageState(state: unknown): void {
    this.#pageState = structuredClone(state);
  }

  onMessage(listener: (message: ToFlowsPage) => void): void {
    this.#listeners.push(listener);
  }

  post(message: FromFlowsPage): void {
    this.asked.push(message.type);
    switch (message.type) {
      case 'stop':
      case 'restart':
      case 'showLog':
      case 'openSettings':
      case 'showPoints':
      case 'observeNode':
      case 'revealPod':
        return;
      default:
        // A message to the host is never answered in the same turn.
        setTimeout(() => this.#take(message), 0);
    }
  }

  #take(message: FeedMessage): void {
    this.#feed.receive(message, Date.now());
    if (message.type !== 'received') this.#tick();
    if (STATE_CHANGES.has(message.type)) this.#sendState();
  }

  #tick(): void {
    this.#store.measure(Date.now());
    this.#feed.tick(Date.now());
  }

  #sendState(): void {
    const { filter, sort, grouping, paused } = this.#feed.view;
    this.#state = { ...this.#state, filter, sort, grouping, paused };
    this.#send({ type: 'state', state: this.#state });
  }

  #send(message: ToFlowsPage): void {
    if (message.type === 'window') this.windows++;
    const copy = structuredClone(message);
    for (const listener of this.#listeners) listener(copy);
  }
}
