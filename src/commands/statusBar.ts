import { StatusBarAlignment, window } from 'vscode';
import type { Disposable } from 'vscode';
import { setContextKey } from '../contextKeys.ts';
import type { Command } from '../contributions.ts';
import { CATEGORY } from '../contributions.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import { formatCount, formatPlural } from '../model/format.ts';
import type { Observations } from '../panels/observations.ts';

const SHOW_SESSIONS: Command = 'vethscope.showSessions';
const INTERVAL_MILLISECONDS = 1000;

/** One item while sessions run: what is observed, and how many flows move. Gone without a session. */
export class SessionsStatus implements Disposable {
  readonly #item = window.createStatusBarItem('vethscope.sessions', StatusBarAlignment.Left);
  readonly #observations: Observations;
  readonly #subscription: Disposable;
  #timer: NodeJS.Timeout | null = null;

  constructor(observations: Observations) {
    this.#observations = observations;
    this.#item.name = `${CATEGORY} Sessions`;
    this.#item.command = SHOW_SESSIONS;
    this.#subscription = observations.onDidChange(() => this.#update());
  }

  dispose(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #update(): void {
    const { live } = this.#observations;
    setContextKey('vethscope.hasSession', live.length > 0);
    if (live.length === 0) {
      if (this.#timer !== null) clearInterval(this.#timer);
      this.#timer = null;
      this.#item.hide();
      return;
    }
    this.#timer ??= setInterval(() => this.#update(), INTERVAL_MILLISECONDS);
    const now = Date.now();
    for (const { store } of live) store.measure(now);
    this.#item.text = `${icon(live)} ${targets(live)} · ${formatCount(activeFlows(live))} flows/s`;
    this.#item.tooltip = tooltip(live);
    this.#item.accessibilityInformation = { label: `${CATEGORY}: ${tooltip(live)}` };
    this.#item.show();
  }
}

const activeFlows = (live: readonly SessionFlows[]): number =>
  live.reduce((sum, { store }) => sum + store.activeFlows, 0);

function icon(live: readonly SessionFlows[]): string {
  const waiting = live.some(({ session }) => session.state.phase !== 'running');
  return waiting ? '$(sync~spin)' : '$(pulse)';
}

/** "2 pods · 1 node"; a single target by its name. */
function targets(live: readonly SessionFlows[]): string {
  const [first] = live;
  if (live.length === 1 && first !== undefined) return first.session.title.replaceAll('$(', '$ (');
  const pods = live.filter(({ session }) => session.target.kind === 'pod').length;
  const nodes = live.length - pods;
  return [pods > 0 ? formatPlural(pods, 'pod') : '', nodes > 0 ? formatPlural(nodes, 'node') : '']
    .filter(Boolean)
    .join(' · ');
}

function tooltip(live: readonly SessionFlows[]): string {
  const lines = live.map(
    ({ session, store }) =>
      `${session.title}: ${session.state.phase}, ${formatPlural(store.size, 'flow')}, ${formatCount(store.activeFlows)} with traffic in the last second`,
  );
  return lines.join('\n');
}
