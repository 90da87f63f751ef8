import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Flow, Sighting } from '../flow.ts';
import type { InterfaceTopology, NamespaceTopology, Topology } from '../topology.ts';
import type { PathPoint } from './flowPath.ts';
import { pathOf } from './pathOf.ts';
import { pathText, tupleText } from './pathText.ts';
import type { NodeLetter, Shape } from './wiring.fixture.ts';
import {
  end,
  flow,
  netfilterDrop,
  nodeAddress,
  nodeEnd,
  podAddress,
  podEnd,
  PORT,
  sighting,
  wirings,
} from './wiring.fixture.ts';

const SERVICE = '10.96.0.10';

/** The interfaces of the request's way on the nodes, without those inside pods. */
function way(points: readonly PathPoint[]): string[] {
  return points
    .filter(({ pod }) => pod === null)
    .map(
      ({ node, interface: name, egress, inner }) =>
        `${node} ${name} ${egress ? 'out' : 'in'}${inner ? ' inner' : ''}`,
    );
}

function changes(points: readonly PathPoint[]): string[] {
  return points.flatMap((point) => point.changes.map((change) => `${point.interface} ${change}`));
}

function seenAs({ node, interface: name, tuple }: PathPoint): string {
  return `${node} ${name} ${tupleText(tuple)}`;
}

function toService(node: NodeLetter, host: number): Flow {
  const server = podEnd(node, host, 8080);
  return flow(podEnd('a', 2, PORT), server, {
    nat: [{ kind: 'dnat', from: `${SERVICE}:80`, to: `${server.address}:8080` }],
  });
}

/** The topologies with something else known of the interfaces of a name. */
function withLink(
  topologies: readonly Topology[],
  name: string,
  more: Partial<InterfaceTopology>,
): Topology[] {
  return topologies.map((topology) => ({
    ...topology,
    namespaces: topology.namespaces.map((namespace) => ({
      ...namespace,
      interfaces: namespace.interfaces.map((link) => (link.name === name ? { ...link, ...more } : link)),
    })),
  }));
}

function withPorts(
  topologies: readonly Topology[],
  ports: Readonly<Record<string, InterfaceTopology['port']>>,
): Topology[] {
  return Object.entries(ports).reduce<Topology[]>(
    (known, [name, port]) => withLink(known, name, port === undefined ? {} : { port }),
    [...topologies],
  );
}

/** The flow with a sighting at every point where one is expected. */
function seenEverywhere(conversation: Flow, topologies: readonly Topology[]): Flow {
  const { request, reply } = pathOf(conversation, topologies);
  const sightings = [...request.points, ...reply.points]
    .filter(({ attached }) => attached)
    .map((point): Sighting => sighting(point, point.tuple));
  return { ...conversation, sightings };
}

describe('pathOf', () => {
  const local = flow(podEnd('a', 2, PORT), podEnd('a', 3, 8080));
  const across = flow(podEnd('a', 2, PORT), podEnd('b', 2, 8080));

  it('switches between pods of a bridge, which sees nothing', () => {
    const path = pathOf(local, wirings('hostgw'));
    assert.deepEqual(way(path.request.points), ['node-a veth2 in', 'node-a veth3 out']);
    assert.deepEqual(
      path.bystanders.map(({ interface: name, blank }) => [name, blank.kind]),
      [
        ['cni0', 'switched'],
        ['eth0', 'same-node'],
      ],
    );
    const bridge = path.bystanders.find(({ interface: name }) => name === 'cni0');
    assert.ok(bridge?.blank.evidence.includes('cni0 is not promiscuous'));
  });

  it('shows a copy of every frame to a promiscuous bridge', () => {
    const path = pathOf(local, wirings('hostgw', { promiscuous: true }));
    assert.deepEqual(way(path.request.points), ['node-a veth2 in', 'node-a cni0 in', 'node-a veth3 out']);
  });

  it('does not take copies that end at a promiscuous bridge for packets, as long as none is missing', () => {
    const promiscuous = wirings('hostgw', { promiscuous: true });
    const drops = [
      { ...netfilterDrop({ node: 'node-a', netns: 1000, point: 'cni0', ifindex: 3 }), reason: 'OTHERHOST' },
    ];
    const seen = { ...seenEverywhere(local, promiscuous), drops };
    const path = pathOf(seen, promiscuous);
    assert.match(pathText(path), /^ {2}\. 10 copies dropped at cni0 of node node-a: OTHERHOST$/m);
    const fewer = seen.sightings.map((one) =>
      one.interface === 'veth3' ? { ...one, packets: one.packets - 1 } : one,
    );
    assert.match(
      pathText(pathOf({ ...seen, sightings: fewer }, promiscuous)),
      /^ {2}x 10 packets dropped at cni0/m,
    );
  });

  it('ends at a bridge where both ports are isolated, one does not forward, or gives nothing back', () => {
    const port = {
      state: 'forwarding',
      hairpin: false,
      isolated: false,
      learning: true,
      flood: true,
    } as const;
    const ending = (ports: Record<string, InterfaceTopology['port']>, conversation = local): string =>
      pathOf(conversation, withPorts(wirings('hostgw'), ports)).request.ending.text;
    const isolated = { ...port, isolated: true };
    assert.match(ending({ veth2: isolated, veth3: isolated }), /^veth2 and veth3 are isolated ports/);
    assert.equal(ending({ veth2: isolated, veth3: port }), 'delivered in pod shop/pod-a3');
    assert.match(
      ending({ veth2: port, veth3: { ...port, state: 'disabled' } }),
      /^port veth3 does not forward/,
    );
    const hairpin = toService('a', 2);
    assert.match(ending({ veth2: port }, hairpin), /^veth2 gives no frame back.*hairpin flag is off/);
    assert.equal(ending({ veth2: { ...port, hairpin: true } }, hairpin), 'delivered in pod shop/pod-a2');
  });

  it('is seen by netfilter where one bridge alone shows its frames', () => {
    const topologies = wirings('hostgw', { bridgeNetfilter: false });
    const bridge = { vlanFiltering: false, callsIptables: true, callsIp6tables: false };
    const service = toService('a', 3);
    const back = (more: readonly Topology[]): string[] => changes(pathOf(service, more).reply.points);
    assert.notDeepEqual(back(topologies), back(withLink(topologies, 'cni0', { bridge })));
    assert.deepEqual(back(withLink(topologies, 'cni0', { bridge })), back(wirings('hostgw')));
  });

  it('ends with the reason of a route that is there to end packets', () => {
    const blackhole = (namespace: NamespaceTopology): NamespaceTopology => ({
      ...namespace,
      routes: namespace.routes.map((route) =>
        route.destination === '10.244.1.0/24'
          ? { ...route, ifindex: null, gateway: null, type: 'blackhole' }
          : route,
      ),
    });
    const topologies = wirings('hostgw').map((topology) => ({
      ...topology,
      namespaces: topology.namespaces.map(blackhole),
    }));
    const { ending } = pathOf(across, topologies).request;
    assert.equal(ending.kind, 'stopped');
    assert.equal(ending.text, 'node node-a lets nothing go to 10.244.1.2: blackhole 10.244.1.0/24');
  });

  it('sends what has a tunnel of no remote to the next hop, as Calico does, and comes out at its other end', () => {
    const ipip = wirings('vxlan').map((topology): Topology => ({
      ...topology,
      namespaces: topology.namespaces.map((namespace) => ({
        ...namespace,
        fdb: [],
        neighbours: [],
        routes: namespace.routes.map((route) =>
          route.ifindex === 4
            ? { ...route, gateway: nodeAddress(topology.node === 'node-a' ? 'b' : 'a') }
            : route,
        ),
      })),
    }));
    const tunnel = { id: null, local: null, remote: null, port: null };
    const topologies = withLink(ipip, 'flannel.1', { kind: 'ipip', name: 'tunl0', tunnel });
    const path = pathOf(across, topologies);
    assert.equal(path.request.ending.text, 'delivered in pod shop/pod-b2');
    assert.ok(way(path.request.points).includes('node-b eth0 in inner'));
  });

  it('routes between pods where there is no bridge', () => {
    const path = pathOf(local, wirings('ptp'));
    assert.deepEqual(way(path.request.points), ['node-a veth2 in', 'node-a veth3 out']);
    assert.equal(path.bystanders[0]?.blank.kind, 'same-node');
  });

  it('goes over the other node’s uplink by route', () => {
    const path = pathOf(across, wirings('hostgw'));
    assert.deepEqual(way(path.request.points), [
      'node-a veth2 in',
      'node-a cni0 in',
      'node-a eth0 out',
      'node-b eth0 in',
      'node-b cni0 out',
      'node-b veth2 out',
    ]);
    assert.equal(path.request.ending.text, 'delivered in pod shop/pod-b2');
  });

  it('goes through the tunnel, inside the uplinks’ packets', () => {
    const path = pathOf(across, wirings('vxlan'));
    assert.deepEqual(way(path.request.points), [
      'node-a veth2 in',
      'node-a cni0 in',
      'node-a flannel.1 out',
      'node-a eth0 out inner',
      'node-b eth0 in inner',
      'node-b flannel.1 in',
      'node-b cni0 out',
      'node-b veth2 out',
    ]);
    assert.deepEqual(changes(path.request.points), ['eth0 encapsulated', 'flannel.1 decapsulated']);
  });

  it('knows no more than that packets leave for a node that is not observed', () => {
    const [nodeA] = wirings('vxlan');
    assert.ok(nodeA);
    const path = pathOf(across, [nodeA]);
    assert.equal(path.request.ending.text, `leaves node-a inside flannel.1's packets to ${nodeAddress('b')}`);
    assert.deepEqual(way(path.reply.points), [
      'node-a eth0 in inner',
      'node-a flannel.1 in',
      'node-a cni0 out',
      'node-a veth2 out',
    ]);
  });

  it('translates a Service’s address on the client’s node, and back there', () => {
    const path = pathOf(toService('b', 3), wirings('hostgw'));
    const tuples = path.request.points.map(({ interface: name, tuple }) => `${name} ${tuple.destination}`);
    assert.deepEqual(tuples.slice(0, 4), [
      `eth0 ${SERVICE}`,
      `veth2 ${SERVICE}`,
      `cni0 ${podAddress('b', 3)}`,
      `eth0 ${podAddress('b', 3)}`,
    ]);
    assert.deepEqual(changes(path.reply.points), ['cni0 undo-dnat']);
    assert.equal(path.reply.points.at(-1)?.tuple.source, SERVICE);
  });

  it('switches to a Service’s backend behind the same bridge where the bridge calls netfilter', () => {
    const path = pathOf(toService('a', 3), wirings('hostgw'));
    assert.deepEqual(way(path.request.points), ['node-a veth2 in', 'node-a veth3 out']);
    assert.deepEqual(changes(path.request.points), ['veth3 dnat']);
    const blank = path.bystanders.find(({ interface: name }) => name === 'cni0')?.blank;
    assert.equal(blank?.kind, 'switched');
    assert.match(blank.reason, /netfilter turns them from the node to 10\.244\.0\.3 before it would\.$/);
    assert.ok(blank.evidence.includes('net/bridge/bridge-nf-call-iptables = 1'));
  });

  it('routes over the bridge where it does not, and the answer keeps the backend’s address', () => {
    const path = pathOf(toService('a', 3), wirings('hostgw', { bridgeNetfilter: false }));
    assert.deepEqual(way(path.request.points), [
      'node-a veth2 in',
      'node-a cni0 in',
      'node-a cni0 out',
      'node-a veth3 out',
    ]);
    assert.equal(path.reply.points.at(-1)?.tuple.source, podAddress('a', 3));
  });

  it('enters by the node that was asked, and answers there', () => {
    const outside = '192.0.2.7';
    const server = podEnd('b', 2, 8080);
    const path = pathOf(
      flow(end(outside, PORT), server, {
        nat: [
          { kind: 'dnat', from: `${nodeAddress('a')}:30080`, to: `${server.address}:8080` },
          { kind: 'masquerade', from: `${outside}:${PORT}`, to: `${nodeAddress('a')}:1025` },
        ],
      }),
      wirings('hostgw'),
    );
    assert.deepEqual(way(path.request.points), [
      'node-a eth0 in',
      'node-a eth0 out',
      'node-b eth0 in',
      'node-b cni0 out',
      'node-b veth2 out',
    ]);
    assert.deepEqual(changes(path.request.points), ['eth0 dnat', 'eth0 snat']);
    assert.deepEqual(changes(path.reply.points), ['eth0 undo-snat', 'eth0 undo-dnat']);
    assert.equal(path.reply.ending.kind, 'left');
  });

  it('follows a pod that its own node masquerades to a NodePort of the other one, which masquerades it again', () => {
    const [client, server] = [podEnd('b', 2, PORT), podEnd('b', 3, 8080)];
    const nat = [
      { kind: 'masquerade', from: `${client.address}:${PORT}`, to: `${nodeAddress('b')}:1025` },
      { kind: 'dnat', from: `${nodeAddress('a')}:30080`, to: `${server.address}:8080` },
      { kind: 'masquerade', from: `${nodeAddress('b')}:1025`, to: `${nodeAddress('a')}:1026` },
    ] as const;
    const path = pathOf(flow(client, server, { nat: [...nat] }), wirings('hostgw'));
    assert.deepEqual(path.request.points.filter(({ pod }) => pod === null).map(seenAs), [
      `node-b veth2 ${client.address}:${PORT} > ${nodeAddress('a')}:30080`,
      `node-b cni0 ${client.address}:${PORT} > ${nodeAddress('a')}:30080`,
      `node-b eth0 ${nodeAddress('b')}:1025 > ${nodeAddress('a')}:30080`,
      `node-a eth0 ${nodeAddress('b')}:1025 > ${nodeAddress('a')}:30080`,
      `node-a eth0 ${nodeAddress('a')}:1026 > ${server.address}:8080`,
      `node-b eth0 ${nodeAddress('a')}:1026 > ${server.address}:8080`,
      `node-b cni0 ${nodeAddress('a')}:1026 > ${server.address}:8080`,
      `node-b veth3 ${nodeAddress('a')}:1026 > ${server.address}:8080`,
    ]);
    assert.deepEqual(changes(path.request.points), ['eth0 snat', 'eth0 dnat', 'eth0 snat']);
    assert.deepEqual(changes(path.reply.points), ['eth0 undo-snat', 'eth0 undo-dnat', 'cni0 undo-snat']);
    assert.equal(path.reply.ending.text, 'delivered in pod shop/pod-b2');
  });

  it('masquerades on the client’s node what another node sends on to a backend of its own', () => {
    const [client, server] = [podEnd('b', 2, PORT), podEnd('a', 3, 8080)];
    const nat = [
      { kind: 'dnat', from: `${nodeAddress('a')}:30080`, to: `${server.address}:8080` },
      { kind: 'masquerade', from: `${client.address}:${PORT}`, to: `${nodeAddress('b')}:1025` },
    ] as const;
    const path = pathOf(flow(client, server, { nat: [...nat] }), wirings('hostgw'));
    assert.deepEqual(changes(path.request.points), ['eth0 snat', 'cni0 dnat']);
    assert.equal(path.request.ending.text, 'delivered in pod shop/pod-a3');
    assert.equal(path.reply.ending.text, 'delivered in pod shop/pod-b2');
  });

  it('translates where conntrack said so, also to an address that no node has', () => {
    const [client, server] = [podEnd('a', 2, PORT), end('192.0.2.7', 80)];
    const snat = { kind: 'snat', from: `${client.address}:${PORT}`, to: '203.0.113.1:1025' } as const;
    const over = { destination: '192.0.2.0/24', gateway: nodeAddress('b') };
    const topologies = wirings('hostgw').map((topology) => ({
      ...topology,
      namespaces: topology.namespaces.map((namespace, index) => {
        const [route] = namespace.routes;
        const isOwn = index === 0 && topology.node === 'node-a' && route !== undefined;
        return isOwn
          ? { ...namespace, routes: [...namespace.routes, { ...route, ...over, ifindex: 2 }] }
          : namespace;
      }),
    }));
    const question = { ...flow(client, server), nat: [{ ...snat, node: 'node-b' }] };
    const path = pathOf(question, topologies);
    assert.deepEqual(
      path.request.points.flatMap(({ node, changes: done }) => done.map((change) => `${node} ${change}`)),
      ['node-b snat'],
    );
  });

  it('says of a bridge that it passes only the first of what is translated to a pod behind it', () => {
    const topologies = wirings('hostgw');
    const service = toService('a', 3);
    const whole = seenEverywhere(service, topologies);
    const tuple = whole.sightings[1]?.tuple;
    assert.ok(tuple);
    const bridge = sighting(
      { node: 'node-a', netns: 1000, interface: 'cni0', ifindex: 3, point: 'to-bridge', inner: false },
      tuple,
    );
    const { request, unexpected } = pathOf(
      { ...whole, sightings: [...whole.sightings, { ...bridge, packets: 1 }] },
      topologies,
    );
    assert.deepEqual(unexpected, []);
    assert.deepEqual(
      request.points.map(({ interface: name, aside }) => [name, aside?.kind]),
      [
        ['eth0', undefined],
        ['veth2', undefined],
        ['cni0', 'some'],
        ['veth3', undefined],
        ['eth0', undefined],
      ],
    );
  });

  it('shows a promiscuous bridge what it switches to a Service’s backend, with the backend’s address', () => {
    const path = pathOf(toService('a', 3), wirings('hostgw', { promiscuous: true }));
    assert.deepEqual(way(path.request.points), ['node-a veth2 in', 'node-a cni0 in', 'node-a veth3 out']);
    assert.deepEqual(changes(path.request.points), ['cni0 dnat']);
    const copied = path.request.points.find(({ interface: name }) => name === 'cni0');
    assert.deepEqual(copied?.aside, { kind: 'copies', reason: 'a copy of each: cni0 is promiscuous' });
  });

  it('sends by a bridge what comes back to the same pod before its source is translated', () => {
    const server = podEnd('a', 2, 8080);
    const nat = [
      { kind: 'dnat', from: `${SERVICE}:80`, to: `${server.address}:8080` },
      { kind: 'masquerade', from: `${server.address}:${PORT}`, to: '10.244.0.1:1025' },
    ] as const;
    const topologies = wirings('hostgw');
    const bridge = sighting(
      { node: 'node-a', netns: 1000, interface: 'cni0', ifindex: 3, point: 'to-bridge', inner: false },
      {
        source: server.address,
        sourcePort: PORT,
        destination: server.address,
        destinationPort: 8080,
      },
    );
    const hairpin = flow({ ...server, port: PORT }, server, { nat: [...nat], sightings: [bridge] });
    const path = pathOf(hairpin, topologies);
    assert.deepEqual(path.unexpected, []);
    assert.deepEqual(changes(path.request.points), ['cni0 dnat', 'veth2 snat']);
  });

  it('says of a process of the node that it has no veth by starting at the bridge', () => {
    const path = pathOf(flow(nodeEnd('a', PORT), podEnd('a', 2, 8080)), wirings('hostgw'));
    assert.deepEqual(way(path.request.points), ['node-a cni0 out', 'node-a veth2 out']);
  });

  it('says of what a node sends to itself that it goes by the loopback', () => {
    const path = pathOf(flow(nodeEnd('a', PORT), nodeEnd('a', 9100)), wirings('hostgw'));
    assert.deepEqual(way(path.request.points), ['node-a lo out', 'node-a lo in']);
    const bridge = path.bystanders.find(({ interface: name }) => name === 'cni0');
    assert.equal(bridge?.blank.reason, 'What node-a sends to itself goes by its loopback.');
  });

  it('says that packets were dropped where they were seen before, and that a silent server has sent nothing', () => {
    const dropped = flow(podEnd('a', 2, PORT), podEnd('a', 3, 6379), {
      verdict: 'dropped',
      received: { packets: 0, bytes: 0 },
      drops: [netfilterDrop({ node: 'node-a', netns: 1000, point: 'veth3', ifindex: 13 })],
    });
    const [, first] = pathOf(dropped, wirings('hostgw')).request.points;
    assert.ok(first);
    const path = pathOf({ ...dropped, sightings: [sighting(first, first.tuple)] }, wirings('hostgw'));
    assert.deepEqual(
      path.request.points.map(({ blank }) => blank?.kind ?? 'seen'),
      ['other-end', 'seen', 'dropped', 'other-end'],
    );
    assert.deepEqual(
      path.reply.points.map(({ blank }) => blank?.kind),
      ['other-end', 'no-packets', 'no-packets', 'other-end'],
    );
  });

  it('does not explain what it does not understand', () => {
    const path = pathOf(local, wirings('hostgw'));
    assert.deepEqual(
      path.request.points.filter(({ attached }) => attached).map(({ blank }) => blank?.kind),
      ['unexplained', 'unexplained'],
    );
    const elsewhere = sighting(
      { node: 'node-a', netns: 1000, interface: 'eth0', ifindex: 2, point: 'to-network', inner: false },
      {
        source: podAddress('a', 2),
        sourcePort: PORT,
        destination: podAddress('a', 3),
        destinationPort: 8080,
      },
    );
    assert.deepEqual(pathOf({ ...local, sightings: [elsewhere] }, wirings('hostgw')).unexpected, [elsewhere]);
  });

  it('lays each sighting at one point, whatever the ends, the shape and the order', () => {
    const node = fc.constantFrom<NodeLetter>('a', 'b');
    const host = fc.constantFrom(2, 3);
    const place = fc.oneof(
      fc.record({ node, host }).map((at) => podEnd(at.node, at.host, PORT)),
      node.map((at) => nodeEnd(at, PORT)),
      fc.constant(end('192.0.2.7', PORT)),
    );
    const shape = fc.constantFrom<Shape>('hostgw', 'vxlan', 'ptp');
    const cases = fc.record({
      shape,
      client: place,
      server: fc.record({ node, host }),
      service: fc.boolean(),
      turned: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ shape: wired, client, server: at, service, turned }) => {
        const server = podEnd(at.node, at.host, 8080);
        fc.pre(client.address !== server.address);
        const nat = service
          ? [{ kind: 'dnat' as const, from: `${SERVICE}:80`, to: `${server.address}:8080` }]
          : [];
        const topologies = wirings(wired);
        const seen = seenEverywhere(flow(client, server, { nat }), topologies);
        const sightings = turned ? [...seen.sightings].reverse() : seen.sightings;
        const path = pathOf({ ...seen, sightings }, topologies);
        assert.deepEqual(path.unexpected, []);
        const points = [...path.request.points, ...path.reply.points];
        assert.equal(points.filter((point) => point.seen !== null).length, sightings.length);
        for (const point of points) {
          assert.equal((point.seen === null) !== (point.blank === null), true);
          if (point.seen !== null) assert.equal(tupleText(point.seen.tuple), tupleText(point.tuple));
        }
        // From outside to a Service's address there is no way in but by a node's own address.
        if (client.kind !== 'external' || !service) assert.equal(path.request.ending.kind, 'delivered');
      }),
    );
  });
});
