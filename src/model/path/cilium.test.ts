import assert from 'node:assert/strict';
import type { Flow, Sighting } from '../flow.ts';
import type { InterfaceTopology, NamespaceTopology, Route, Topology } from '../topology.ts';
import type { PathQuestion } from './flowPath.ts';
import { pathOf } from './pathOf.ts';
import { end, flow, nodeName, podAddress, podEnd, PORT, sighting, wirings } from './wiring.fixture.ts';
import type { NodeLetter } from './wiring.fixture.ts';

const SERVICE = '10.96.0.10';
const LOOPBACK = '169.254.42.1';
const HOST = 30;
const NET = 31;
const hostAddress = (node: NodeLetter): string => podAddress(node, 200);

/** The wiring of two nodes of Cilium with its tunnel: that of the shape without a bridge, with Cilium's interfaces and routes. */
function ciliumWirings(): Topology[] {
  const tunnels = wirings('vxlan');
  return wirings('ptp').map((topology, index) => {
    const [own, ...pods] = topology.namespaces;
    const tunnel = tunnels[index]?.namespaces[0]?.interfaces.find(({ role }) => role === 'tunnel');
    assert.ok(own && tunnel);
    const inPods = pods.map((pod) => ({
      ...pod,
      routes: pod.routes.map((route) => ({ ...route, gateway: '10.0.0.9' })),
    }));
    return { ...topology, namespaces: [ciliumNamespace(own, tunnel, index === 0 ? 'a' : 'b'), ...inPods] };
  });
}

function ciliumNamespace(
  own: NamespaceTopology,
  tunnel: InterfaceTopology,
  node: NodeLetter,
): NamespaceTopology {
  const [lo] = own.interfaces;
  assert.ok(lo);
  const pair = { ...lo, kind: 'veth', role: 'host-veth', attached: true } as const;
  const host = { ifindex: HOST, name: 'cilium_host', addresses: [`${hostAddress(node)}/32`] };
  const peerOf = (ifindex: number, name: string) => ({ netns: own.inode, ifindex, name });
  const [uplinkRoute] = own.routes;
  assert.ok(uplinkRoute);
  const intoHost = (destination: string, gateway: string | null): Route => ({
    ...uplinkRoute,
    destination,
    gateway,
    ifindex: HOST,
  });
  return {
    ...own,
    interfaces: [
      ...own.interfaces,
      { ...tunnel, name: 'cilium_vxlan', addresses: [] },
      { ...pair, ...host, peer: peerOf(NET, 'cilium_net') },
      { ...pair, ifindex: NET, name: 'cilium_net', addresses: [], peer: peerOf(HOST, 'cilium_host') },
    ],
    routes: [
      ...own.routes.filter(({ destination }) => !destination.startsWith('10.244.')),
      intoHost(`${hostAddress(node)}/32`, null),
      ...['10.244.0.0/24', '10.244.1.0/24'].map((range) => intoHost(range, hostAddress(node))),
    ],
    neighbours: [],
    fdb: [],
  };
}

/** Points on the nodes of both directions, with the address asked or answered from where that is not the backend's. */
function ways(asked: PathQuestion): { request: string[]; reply: string[] } {
  const { request, reply } = pathOf(asked, ciliumWirings());
  const shown = ({ points }: typeof request, field: 'source' | 'destination'): string[] =>
    points
      .filter(({ pod }) => pod === null)
      .map((point) => {
        const way = `${point.node} ${point.interface} ${point.egress ? 'out' : 'in'}${point.inner ? ' inner' : ''}`;
        return point.tuple[field] === SERVICE ? `${way} as Service` : way;
      });
  return { request: shown(request, 'destination'), reply: shown(reply, 'source') };
}

function toService(node: NodeLetter, host: number, more: Partial<Flow> = {}): Flow {
  const server = { ...podEnd(node, host, 8080), evidence: ['pod-ip', 'cilium'] as const };
  const nat = [{ kind: 'dnat' as const, from: `${SERVICE}:80`, to: `${server.address}:8080` }];
  return flow(podEnd('a', 2, PORT), server, { nat, sightings: [asSeen(SERVICE, 80)], ...more });
}

/** One packet of the client at its veth. */
function asSeen(destination: string, destinationPort: number): Sighting {
  const at = {
    node: nodeName('a'),
    netns: 1000,
    interface: 'veth2',
    ifindex: 12,
    point: 'from-endpoint',
    inner: false,
  } as const;
  return sighting(at, { source: podAddress('a', 2), sourcePort: PORT, destination, destinationPort });
}

describe('paths through Cilium', () => {
  it('lead from veth to veth on a node, past the node’s routes', () => {
    assert.deepEqual(ways(flow(podEnd('a', 2, PORT), podEnd('a', 3, 8080))), {
      request: ['node-a veth2 in', 'node-a veth3 out'],
      reply: ['node-a veth3 in', 'node-a veth2 out'],
    });
  });

  it('lead into its tunnel to other nodes', () => {
    const there = ['cilium_vxlan out', 'eth0 out inner'];
    const here = ['eth0 in inner', 'cilium_vxlan in'];
    assert.deepEqual(ways(flow(podEnd('a', 2, PORT), podEnd('b', 3, 8080))), {
      request: [
        'node-a veth2 in',
        ...there.map((at) => `node-a ${at}`),
        ...here.map((at) => `node-b ${at}`),
        'node-b veth3 out',
      ],
      reply: [
        'node-b veth3 in',
        ...there.map((at) => `node-b ${at}`),
        ...here.map((at) => `node-a ${at}`),
        'node-a veth2 out',
      ],
    });
  });

  it('have the Service at the client’s veth alone, in both directions', () => {
    const { request, reply } = ways(toService('b', 3));
    assert.deepEqual([request[0], request[1]], ['node-a veth2 in as Service', 'node-a cilium_vxlan out']);
    assert.deepEqual([reply.at(-2), reply.at(-1)], ['node-a cilium_vxlan in', 'node-a veth2 out as Service']);
  });

  it('are translated by whom the client’s node names, where the server is named by its own node alone', () => {
    const byNode = toService('b', 3);
    const server = { ...byNode.server, evidence: ['cgroup', 'pod-ip'] as const };
    const by = (translator: 'cilium' | 'netfilter') =>
      ways({ ...byNode, server, nat: byNode.nat.map((one) => ({ ...one, by: translator })) });
    assert.deepEqual(by('cilium'), ways(byNode));
    assert.equal(by('netfilter').request[1], 'node-a cilium_host out');
  });

  it('have no point with the Service where the socket was connected to the backend', () => {
    const balanced = toService('a', 3, { sightings: [asSeen(podAddress('a', 3), 8080)] });
    const { request } = pathOf(balanced, ciliumWirings());
    assert.ok(request.points.every(({ tuple }) => tuple.destination === podAddress('a', 3)));
    assert.ok(request.points.every(({ changes }) => changes.length === 0));
  });

  it('come back to the pod that asked itself, from another address', () => {
    const itself = toService('a', 2, {});
    const nat = [
      ...itself.nat,
      { kind: 'snat' as const, from: `${podAddress('a', 2)}:${PORT}`, to: `${LOOPBACK}:${PORT}` },
    ];
    const { request, reply } = pathOf({ ...itself, nat }, ciliumWirings());
    const sources = request.points.map(
      ({ interface: name, egress, tuple }) => `${name} ${egress ? 'out' : 'in'} ${tuple.source}`,
    );
    assert.ok(sources.includes(`veth2 out ${LOOPBACK}`));
    const answers = reply.points
      .filter(({ pod, egress }) => pod === null && egress)
      .map(({ tuple }) => tuple.source);
    assert.deepEqual(answers, [SERVICE]);
  });

  it('go by cilium_host from the node to its pods, and by cilium_net back to it from others’', () => {
    const kubelet = { ...end(hostAddress('a'), PORT), kind: 'process' as const, node: nodeName('a') };
    assert.deepEqual(ways(flow(kubelet, podEnd('a', 3, 8080))).request, [
      'node-a cilium_host out',
      'node-a veth3 out',
    ]);
    const { request, reply } = ways(flow(kubelet, podEnd('b', 3, 8080)));
    assert.deepEqual(request.slice(0, 3), [
      'node-a cilium_host out',
      'node-a cilium_vxlan out',
      'node-a eth0 out inner',
    ]);
    assert.deepEqual(reply.slice(-3), [
      'node-a cilium_vxlan in',
      'node-a cilium_net out',
      'node-a cilium_host in',
    ]);
  });

  it('are translated back by cilium_host where netfilter has changed the source on the way out', () => {
    const server = end('10.0.0.254', 6443);
    const nat = [
      { kind: 'dnat' as const, from: `${SERVICE}:443`, to: '10.0.0.254:6443' },
      { kind: 'masquerade' as const, from: `${podAddress('a', 2)}:${PORT}`, to: `10.0.0.1:${PORT}` },
    ];
    const outwards = flow(podEnd('a', 2, PORT), server, { nat, sightings: [asSeen(SERVICE, 443)] });
    assert.deepEqual(ways(outwards), {
      request: ['node-a veth2 in as Service', 'node-a eth0 out'],
      reply: ['node-a eth0 in', 'node-a cilium_host out', 'node-a veth2 out as Service'],
    });
  });

  it('say that they leave in the tunnel where the other node is not observed', () => {
    const [here] = ciliumWirings();
    assert.ok(here);
    const { request } = pathOf(flow(podEnd('a', 2, PORT), end(podAddress('b', 3), 8080)), [here]);
    assert.equal(request.ending.text, "leaves node-a inside cilium_vxlan's packets");
  });
});
