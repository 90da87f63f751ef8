/** A conversation of each kind that there is between the pods and processes of two nodes, and outside. */
import type { Flow, FlowEnd, Tuple } from '../flow.ts';
import type { NodeLetter, Shape } from '../path/wiring.fixture.ts';
import { end, flow, nodeAddress, nodeEnd, podEnd, PORT } from '../path/wiring.fixture.ts';
import type { TrafficKind } from './traffic.ts';

const SERVICE = '10.96.0.10';
const OUTSIDE = '192.0.2.77';

/** A flow of a kind, and which of its packets look as the kind says. */
export interface Case {
  readonly kind: TrafficKind;
  readonly flow: Flow;
  readonly isKind: (tuple: Tuple) => boolean;
}

const pods = (node: NodeLetter): FlowEnd[] => [2, 3].map((host) => podEnd(node, host, 8080));
const asClient = (one: FlowEnd): FlowEnd => ({ ...one, port: PORT });
const has =
  (address: string) =>
  ({ source, destination }: Tuple): boolean =>
    source === address || destination === address;

/** All flows there are between the ends of node-a and node-b and outside, by kind. */
export function cases(shape: Shape): Case[] {
  const all: Case[] = [];
  const add = (kind: TrafficKind, one: Flow, isKind: Case['isKind'] = () => true): void => {
    all.push({ kind, flow: one, isKind });
  };
  const node = nodeAddress('a');
  for (const client of pods('a').map(asClient)) {
    for (const server of [...pods('a'), ...pods('b')].filter(({ uid }) => uid !== client.uid)) {
      const isLocal = server.node === client.node;
      add(isLocal ? 'pod-to-pod' : 'pod-to-other-node', flow(client, server));
      const nat = [{ kind: 'dnat' as const, from: `${SERVICE}:80`, to: `${server.address}:8080` }];
      add('service-asked', flow(client, server, { nat }), has(SERVICE));
      const kind = isLocal ? 'service-backend' : 'service-backend-on-other-node';
      add(kind, flow(client, server, { nat }), (tuple) => !has(SERVICE)(tuple));
    }
    const masquerade = { kind: 'masquerade' as const, from: `${client.address}:${PORT}`, to: `${node}:1025` };
    const out = flow(client, end(OUTSIDE, 443), { nat: [masquerade] });
    add('pod-to-outside', out, has(client.address));
    add('pod-masqueraded', out, has(node));
  }
  for (const server of pods('a')) {
    add('process-to-pod', flow(nodeEnd('a', PORT), server));
    add('process-to-pod', flow(asClient(server), nodeEnd('a', 10_250)));
    const nat = [{ kind: 'dnat' as const, from: `${node}:30080`, to: `${server.address}:8080` }];
    const asked = flow(end(OUTSIDE, PORT), server, { nat });
    add('node-port-asked', asked, has(node));
    add('node-port-backend', asked, has(server.address));
  }
  // The node sends from the address of the interface that leads there.
  const sender = { ...nodeEnd('a', PORT), address: shape === 'vxlan' ? '10.244.0.0' : node };
  for (const server of pods('b')) add('process-to-other-node', flow(sender, server));
  add('host-network', flow(nodeEnd('a', PORT), end(OUTSIDE, 443)));
  add('host-network', flow(end(OUTSIDE, PORT), nodeEnd('a', 22)));
  add('host-network', flow(nodeEnd('a', PORT), nodeEnd('b', 10_250)));
  if (shape === 'vxlan') {
    add('tunnel-outer', flow(nodeEnd('a', PORT), nodeEnd('b', 8472), { protocol: 'udp' }));
  }
  add('loopback', flow(nodeEnd('a', PORT), nodeEnd('a', 10_250)));
  return all;
}
