import type { Ledger } from '../model/ledger.ts';
import type { Session } from '../session/types.ts';
import { FlowStore } from './flowStore.ts';
import { flowUpdateOf } from './flowUpdate.ts';
import { sumLedgers } from './ledgerSum.ts';

type Subscription = ReturnType<Session['onChange']>;

/** A session with its flows, counted from its start on whether anyone looks or not. */
export class SessionFlows {
  readonly session: Session;
  readonly store = new FlowStore();
  readonly #ledgers = new Map<number, Ledger>();
  readonly #subscriptions: readonly Subscription[];

  constructor(session: Session) {
    this.session = session;
    this.#subscriptions = [
      session.consumeFlows((batch) => this.store.apply(flowUpdateOf(batch))),
      session.onLedger(({ agent, ledger }) => this.#ledgers.set(agent, ledger)),
    ];
  }

  /** Sum over the session's agents; null until one told. */
  get ledger(): Ledger | null {
    return sumLedgers([...this.#ledgers.values()]);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
