import type { FlowUpdate } from '../../../src/flows/flowUpdate.ts';
import type { FlowsPanelState } from '../../../src/model/panelMessages.ts';

/** What a scenario may do to the host it plays in. */
export interface Stage {
  apply(update: FlowUpdate): void;
  setState(change: Partial<FlowsPanelState>): void;
}

/** One situation the page can be in, with its traffic. */
export interface Scenario {
  readonly state: Omit<FlowsPanelState, 'filter' | 'sort' | 'grouping' | 'paused'>;
  play(stage: Stage): void;
}

export const RUNNING: Scenario['state'] = {
  question: {
    source: { kind: 'cluster', kubeconfig: '', context: 'staging' },
    target: { kind: 'pod', namespace: 'shop', name: 'checkout-7d9f4b6c9-x2m4q' },
  },
  title: 'shop/checkout-7d9f4b6c9-x2m4q',
  scope: 'cluster staging · pod shop/checkout-7d9f4b6c9-x2m4q · node worker-a',
  phase: 'running',
  status: 'Observing.',
  problem: null,
  ledger: null,
  clocks: [{ node: 'node-a', offset: -3.5, uncertainty: 1.5 }],
};
