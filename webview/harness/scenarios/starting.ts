import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';

/** The agent is on its way. */
export const starting: Scenario = {
  state: { ...RUNNING, phase: 'starting', status: 'Waiting for the agent pod on node worker-a to start…' },
  play() {
    // Stays as it is.
  },
};
