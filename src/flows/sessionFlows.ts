import type { Ledger } from '../model/ledger.ts';
import type { NodeClock } from '../model/panelMessages.ts';
import type { Session } from '../session/types.ts';
import type { ObservingAgent } from './flowStore.ts';
import { FlowStore } from './flowStore.ts';
import { flowUpdateOf } from './flowUpdate.ts';
import { sumLedgers } from './ledgerSum.ts';

type Subscription = ReturnType<Session['onChange']>;

/** A session with its flows, counted from its start on whether anyone looks or not. */
export class SessionFlows {
  readonly session: Session;
  readonly store = new FlowStore();
  /** When it began to count, milliseconds since the epoch. */
  readonly since = Date.now();
  readonly #ledgers = new Map<number, Ledger>();
  readonly #subscriptions: readonly Subscription[];

  constructor(session: Session) {
    this.session = session;
    this.store.observe(this.#observing);
    this.#subscriptions = [
      session.onChange(() => this.store.observe(this.#observing)),
      session.consumeFlows((batch) => {
        this.store.apply(flowUpdateOf(batch));
      }),
      // Once a second, which is more often than clocks are measured.
      session.onLedger(({ agent, ledger }) => {
        this.#ledgers.set(agent, ledger);
        this.store.observe(this.#observing);
      }),
    ];
  }

  /** Clocks of the observed nodes, as far as they were measured. */
  get clocks(): readonly NodeClock[] {
    return this.session.agents.flatMap(({ node, clock }) => (clock === null ? [] : [{ node, ...clock }]));
  }

  /** Agents that run, or are expected back. */
  get #observing(): readonly ObservingAgent[] {
    const { agents, source } = this.session;
    return agents.flatMap(({ phase, node, clock }, agent) =>
      phase === 'stopped' || phase === 'failed'
        ? []
        : [{ agent, node: source.kind === 'local' ? null : node, clock }],
    );
  }

  /** Sum over the session's agents; null until one told. */
  get ledger(): Ledger | null {
    return sumLedgers([...this.#ledgers.values()]);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
