import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';
import { ENDPOINTS, flowOnPath, ledgerOf, namesOf, pseudoRandom, updateWith } from './traffic.ts';

/** Rows of a session that is over. */
export const stopped: Scenario = {
  state: {
    ...RUNNING,
    phase: 'stopped',
    status: 'Stopped. The agent pod was removed; the rows are those of the last moment.',
    ledger: ledgerOf(9_120),
  },
  play(stage) {
    const random = pseudoRandom(3);
    stage.apply(namesOf(ENDPOINTS));
    stage.apply(
      updateWith(
        Array.from({ length: 18 }, (_, index) => flowOnPath(index + 1, Date.now() - 60_000, random)),
      ),
    );
  },
};
