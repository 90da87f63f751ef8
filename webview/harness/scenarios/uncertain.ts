import { packFlows, plainEndpoint, plainFlow, updateOf } from '../../../src/flows/testing/packFlow.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { InitiatorEvidence } from '../../../src/model/flow.ts';
import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';
import { namesOf } from './traffic.ts';

const CLIENT = plainEndpoint({
  namespace: 'shop',
  name: 'checkout-7d9f4b6c9-x2m4q',
  workload: { kind: 'Deployment', name: 'checkout' },
  container: 'server',
  address: '10.244.1.17',
  node: 'worker-a',
  evidence: ['cgroup', 'veth', 'pod-ip'],
});

/** Ends of which not all is known, each with another reason. */
const UNCERTAIN: readonly Endpoint[] = [
  // Two pods had the address.
  plainEndpoint({ address: '10.244.9.200', candidates: ['shop/job-1', 'shop/job-2'] }),
  // Two processes share the port.
  plainEndpoint({
    kind: 'node',
    name: 'worker-a',
    node: 'worker-a',
    address: '172.18.0.3',
    evidence: ['node-ip', 'listener'],
    candidates: ['ingress/proxy-1 nginx', 'ingress/proxy-2 nginx'],
  }),
  plainEndpoint({
    kind: 'node',
    name: 'worker-b',
    node: 'worker-b',
    address: '172.18.0.4',
    evidence: ['node-ip', 'listener'],
    candidates: ['kubelet.service'],
  }),
  // Two Services with one external address.
  plainEndpoint({
    kind: 'service',
    address: '198.51.100.7',
    evidence: ['service-ip'],
    candidates: ['shop/api', 'shop/web'],
  }),
  // Two names of one address, as behind a content network.
  plainEndpoint({
    kind: 'external',
    address: '203.0.113.44',
    evidence: ['dns'],
    names: ['api.payments.example', 'static.payments.example'],
    candidates: ['api.payments.example', 'static.payments.example'],
  }),
  // As many as there may be.
  plainEndpoint({
    kind: 'node',
    name: 'worker-c',
    node: 'worker-c',
    address: '172.18.0.5',
    evidence: ['node-ip'],
    candidates: Array.from({ length: 40 }, (_, index) => `kube-system/daemon-${index}`),
  }),
];

const GUESSES: readonly InitiatorEvidence[] = ['opening', 'service', 'port', 'order'];

/** Names and directions that the evidence does not decide. */
export const uncertain: Scenario = {
  state: RUNNING,
  play(stage) {
    const now = Date.now();
    stage.apply(namesOf([CLIENT, ...UNCERTAIN]));
    const flows = UNCERTAIN.flatMap((_, index) =>
      GUESSES.map((initiatorEvidence, nth) =>
        plainFlow({
          id: index * GUESSES.length + nth + 1,
          client: 1,
          server: index + 2,
          clientPort: 40_000 + nth,
          serverPort: 8000 + index,
          initiatorEvidence,
          start: now - 9000,
          end: now,
        }),
      ),
    );
    stage.apply(updateOf({ flows: packFlows(flows) }));
  },
};
