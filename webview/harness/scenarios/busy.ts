import { updateOf } from '../../../src/flows/testing/packFlow.ts';
import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';
import { ENDPOINTS, flowOnPath, namesOf, pseudoRandom, updateWith } from './traffic.ts';

const FLOWS = 20_000;
const ROWS_PER_SECOND = 5_000;
const INTERVAL_MILLISECONDS = 100;

/** 20,000 flows of which 5,000 change every second. */
export const busy: Scenario = {
  state: { ...RUNNING, title: 'node worker-a', scope: 'cluster staging · node worker-a' },
  play(stage) {
    const random = pseudoRandom(11);
    const started = Date.now();
    stage.apply(namesOf(ENDPOINTS));
    const all = Array.from({ length: FLOWS }, (_, index) => flowOnPath(index + 1, started, random));
    stage.apply(updateWith(all));
    let next = 0;
    setInterval(() => {
      const now = Date.now();
      const share = (ROWS_PER_SECOND * INTERVAL_MILLISECONDS) / 1000;
      const changed = Array.from({ length: share }, () => {
        next = (next % FLOWS) + 1;
        return flowOnPath(next, now, random);
      });
      stage.apply(updateOf(updateWith(changed)));
    }, INTERVAL_MILLISECONDS);
  },
};
