import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';
import { ledgerOf } from './traffic.ts';

/** Observing, and nothing passes. */
export const empty: Scenario = {
  state: { ...RUNNING, ledger: ledgerOf(0) },
  play() {
    // Nothing ever happens.
  },
};
