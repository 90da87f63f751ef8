import { packFlows, plainEndpoint, plainFlow, updateOf } from '../../../src/flows/testing/packFlow.ts';
import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';
import { namesOf } from './traffic.ts';

const pod = (name: string, workload: string, address: string, node: string) =>
  plainEndpoint({
    namespace: 'shop',
    name,
    workload: { kind: 'Deployment', name: workload },
    container: 'server',
    address,
    node,
    evidence: ['cgroup', 'veth', 'pod-ip', 'conntrack'],
  });

/** Position plus one is the id of the endpoint and of its address. */
const ENDPOINTS = [
  pod('client', 'client', '10.244.1.2', 'worker-a'),
  pod('web-1', 'web', '10.244.1.3', 'worker-a'),
  pod('web-2', 'web', '10.244.2.3', 'worker-b'),
  plainEndpoint({
    kind: 'service',
    namespace: 'shop',
    name: 'web',
    names: ['http:80'],
    address: '10.96.0.10',
    evidence: ['service-ip'],
  }),
  plainEndpoint({
    kind: 'node',
    name: 'worker-a',
    node: 'worker-a',
    address: '10.0.0.2',
    evidence: ['node-ip'],
  }),
  plainEndpoint({ kind: 'external', address: '203.0.113.80', names: ['example.org'], evidence: ['dns'] }),
  plainEndpoint({ kind: 'external', address: '2001:db8::80', evidence: ['none'] }),
];

/** Connections that NAT changes: through a Service, to the outside, through a NodePort, and one it leaves alone. */
export const translated: Scenario = {
  state: RUNNING,
  play(stage) {
    const now = Date.now();
    stage.apply(namesOf(ENDPOINTS));
    const times = { start: now - 5000, end: now };
    const asked = { service: 4, askedAddress: 4, askedPort: 80, serverPort: 8080 } as const;
    const source = { translatedAddress: 5, translatedPort: 41_234 } as const;
    stage.apply(
      updateOf({
        flows: packFlows([
          plainFlow({ id: 1, client: 1, server: 2, clientPort: 40_001, ...asked, ...times }),
          plainFlow({
            id: 2,
            client: 1,
            server: 3,
            clientPort: 40_002,
            ...asked,
            ...times,
            verdict: 'refused',
          }),
          plainFlow({ id: 3, client: 1, server: 6, serverPort: 443, ...source, masqueraded: true, ...times }),
          plainFlow({ id: 4, client: 6, server: 3, ...asked, ...source, masqueraded: true, ...times }),
          plainFlow({ id: 5, client: 1, server: 7, serverPort: 443, ...source, ...times }),
          plainFlow({ id: 6, client: 1, server: 2, serverPort: 9090, ...times }),
        ]),
      }),
    );
  },
};
