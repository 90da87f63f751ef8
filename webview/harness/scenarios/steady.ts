import { packIds, updateOf } from '../../../src/flows/testing/packFlow.ts';
import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';
import { ENDPOINTS, flowOnPath, grown, ledgerOf, namesOf, pseudoRandom, updateWith } from './traffic.ts';

const FLOWS = 60;
const ENDED = 14;

/** A pod of a shop with a few dozen connections, some of which fail. */
export const steady: Scenario = {
  state: RUNNING,
  play(stage) {
    const random = pseudoRandom(7);
    const started = Date.now();
    let flows = Array.from({ length: FLOWS }, (_, index) => flowOnPath(index + 1, started, random));
    stage.apply(namesOf(ENDPOINTS));
    stage.apply(updateWith(flows));
    stage.apply(updateOf({ ended: packIds(Array.from({ length: ENDED }, (_, index) => (index + 1) * 4)) }));
    let counted = 48_211;
    stage.setState({ ledger: ledgerOf(counted) });
    setInterval(() => {
      const now = Date.now();
      const moving = flows.filter((flow) => flow.id % 4 !== 0 && random() > 0.4);
      const moved = new Map(moving.map((flow) => [flow.id, grown(flow, now, random)]));
      flows = flows.map((flow) => moved.get(flow.id) ?? flow);
      counted += moving.length * 40;
      stage.apply(updateWith([...moved.values()]));
      stage.setState({ ledger: ledgerOf(counted) });
    }, 1000);
  },
};
