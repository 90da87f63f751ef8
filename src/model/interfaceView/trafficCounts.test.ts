import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Flow, FlowEnd, Sighting, Tuple } from '../flow.ts';
import type { PathPoint } from '../path/flowPath.ts';
import { pathOf } from '../path/pathOf.ts';
import type { Shape } from '../path/wiring.fixture.ts';
import { end, flow, nodeAddress, nodeEnd, podEnd, PORT, sighting, wirings } from '../path/wiring.fixture.ts';
import type { Topology } from '../topology.ts';
import { interfaceView } from './interfaceView.ts';
import { NodeEnds } from './nodeEnds.ts';
import { cases } from './traffic.fixture.ts';
import type { CountedKind } from './traffic.ts';
import { COUNTED_KINDS } from './traffic.ts';
import type { CountedFlow } from './trafficCounts.ts';
import { contradicts, trafficCounts } from './trafficCounts.ts';

const SHAPES: readonly Shape[] = ['hostgw', 'vxlan', 'ptp'];
const OUTSIDE = '192.0.2.77';
const UPLINK = { node: 'node-a', netns: 1000, interface: 'eth0', ifindex: 2 };

function nodeA(shape: Shape = 'hostgw'): Topology {
  const [topology] = wirings(shape);
  assert.ok(topology);
  return topology;
}

const tupleOf = (from: FlowEnd, to: FlowEnd): Tuple => ({
  source: from.address,
  sourcePort: from.port,
  destination: to.address,
  destinationPort: to.port,
});

/** Which kinds a flow that looks like this at the uplink is counted as. */
function kindsOf(one: Flow, tuple: Tuple, topology = nodeA()): CountedKind[] {
  const seen = sighting({ ...UPLINK, point: 'to-network', inner: false }, tuple);
  const counts = trafficCounts([{ ...one, sightings: [seen] }], UPLINK, topology);
  return COUNTED_KINDS.filter((kind) => counts[kind].packets > 0);
}

describe('trafficCounts', () => {
  for (const shape of SHAPES) {
    it(`counts at every point of every path what the table says passes there: ${shape}`, () => {
      const topologies = wirings(shape);
      const [topology] = topologies;
      assert.ok(topology);
      let compared = 0;
      for (const { kind, flow: one, isKind } of cases(shape)) {
        const { request, reply } = pathOf(one, topologies);
        const here: PathPoint[] = [...request.points, ...reply.points].filter(
          ({ node }) => node === topology.node,
        );
        for (const point of here.filter(({ tuple }) => isKind(tuple))) {
          const counts = trafficCounts([{ ...one, sightings: [seenAt(point)] }], point, topology);
          const counted = COUNTED_KINDS.filter((any) => {
            const { packets, inner } = counts[any];
            return packets + inner.packets > 0;
          });
          assert.deepEqual(counted, [kind], `${kind} at ${point.interface}: ${JSON.stringify(point.tuple)}`);
          const view = interfaceView(topology, point.netns, point.ifindex);
          const line = view?.lines.find((candidate) => candidate.kind === kind);
          assert.ok(line);
          // A pod's loopback is not the node's.
          assert.equal(contradicts(line, counts[kind]), false, `${kind} at ${point.interface}`);
          compared++;
        }
      }
      assert.ok(compared > 100, String(compared));
    });
  }

  it('tells a contradiction from what may stray, and from what passes inside a tunnel', () => {
    const view = (shape: Shape, ifindex: number) => interfaceView(nodeA(shape), 1000, ifindex)?.lines ?? [];
    const line = (shape: Shape, ifindex: number, kind: CountedKind) => {
      const found = view(shape, ifindex).find((candidate) => candidate.kind === kind);
      assert.ok(found);
      return found;
    };
    const plain = { packets: 1, bytes: 100, inner: { packets: 0, bytes: 0 } };
    const inner = { packets: 0, bytes: 0, inner: { packets: 1, bytes: 100 } };
    assert.equal(contradicts(line('hostgw', 2, 'pod-to-pod'), plain), true);
    assert.equal(contradicts(line('hostgw', 2, 'pod-to-pod'), inner), true);
    assert.equal(contradicts(line('hostgw', 3, 'pod-to-pod'), plain), true);
    assert.equal(contradicts(line('vxlan', 2, 'pod-to-other-node'), inner), false);
    assert.equal(contradicts(line('vxlan', 2, 'pod-to-other-node'), plain), true);
    const { strays, passage } = line('hostgw', 3, 'service-backend');
    assert.equal(passage, 'none');
    assert.match(strays ?? '', /^Packets that come before cni0 knows the backend’s MAC/);
    assert.equal(contradicts(line('hostgw', 3, 'service-backend'), plain), false);
  });

  it('takes what no line is about for other', () => {
    const web = podEnd('a', 2, 8080);
    const outside = end(OUTSIDE, PORT);
    const toPod = flow(outside, web);
    assert.deepEqual(kindsOf(toPod, tupleOf(outside, web)), ['other']);
    const foreign = flow(end('192.0.2.1', 1), end('192.0.2.2', 2));
    assert.deepEqual(kindsOf(foreign, tupleOf(foreign.client, foreign.server)), ['other']);
    const group = end('224.0.0.251', 5353);
    const asks = nodeEnd('a', 5353);
    assert.deepEqual(kindsOf(flow(asks, group), tupleOf(asks, group)), ['other']);
    const link = { ...podEnd('a', 2, 0), address: 'fe80::2' };
    const router = end('fe80::1', 0);
    assert.deepEqual(kindsOf(flow(link, router), tupleOf(link, router)), ['other']);
  });

  it('knows what pods send to everyone', () => {
    const pod = podEnd('a', 2, 5353);
    for (const address of ['224.0.0.251', '255.255.255.255', '10.244.0.255']) {
      const group = end(address, 5353);
      assert.deepEqual(kindsOf(flow(pod, group), tupleOf(pod, group)), ['broadcast'], address);
    }
  });

  it('knows a pod that is gone, one of another node, and a hostNetwork pod', () => {
    const gone: FlowEnd = { ...podEnd('a', 99, 8080), evidence: ['pod-ip'] };
    const other: FlowEnd = { ...podEnd('b', 99, 8080), address: '172.20.1.1', evidence: ['pod-ip'] };
    const web = podEnd('a', 2, PORT);
    assert.deepEqual(kindsOf(flow(web, gone), tupleOf(web, gone), nodeA('ptp')), ['pod-to-pod']);
    assert.deepEqual(kindsOf(flow(web, other), tupleOf(web, other)), ['pod-to-other-node']);
    const host: FlowEnd = { ...podEnd('a', 98, 9100), address: nodeAddress('a'), evidence: ['socket'] };
    assert.deepEqual(kindsOf(flow(web, host), tupleOf(web, host)), ['process-to-pod']);
    const otherHost: FlowEnd = { ...podEnd('b', 98, 9100), address: nodeAddress('b'), evidence: ['node-ip'] };
    assert.deepEqual(kindsOf(flow(web, otherHost), tupleOf(web, otherHost)), ['pod-to-outside']);
  });

  it('knows a Service whose backend is the node, and one that nobody answers for', () => {
    const web = podEnd('a', 2, PORT);
    const node = nodeEnd('a', 6443);
    const nat = [{ kind: 'dnat' as const, from: '10.96.0.1:443', to: `${node.address}:6443` }];
    const asked = flow(web, node, { nat });
    const service = end('10.96.0.1', 443);
    assert.deepEqual(kindsOf(asked, tupleOf(web, service)), ['service-asked']);
    assert.deepEqual(kindsOf(asked, tupleOf(web, node)), ['process-to-pod']);
    const unanswered: FlowEnd = { ...service, kind: 'service' };
    assert.deepEqual(kindsOf(flow(web, unanswered), tupleOf(web, unanswered)), ['service-asked']);
  });

  it('knows another node’s NodePort that leads here from its own', () => {
    const web = podEnd('a', 2, 8080);
    const outside = end(OUTSIDE, PORT);
    const nat = [
      { kind: 'dnat' as const, from: `${nodeAddress('b')}:30080`, to: `${web.address}:8080` },
      { kind: 'masquerade' as const, from: `${OUTSIDE}:${PORT}`, to: `${nodeAddress('b')}:2000` },
    ];
    assert.deepEqual(kindsOf(flow(outside, web, { nat }), tupleOf(nodeEnd('b', 2000), web)), ['other']);
    const own = [
      { kind: 'dnat' as const, from: `${nodeAddress('a')}:30080`, to: `${web.address}:8080` },
      { kind: 'masquerade' as const, from: `${OUTSIDE}:${PORT}`, to: '10.244.0.1:2000' },
    ];
    const translated = { ...nodeEnd('a', 2000), address: '10.244.0.1' };
    assert.deepEqual(kindsOf(flow(outside, web, { nat: own }), tupleOf(translated, web)), [
      'node-port-backend',
    ]);
  });

  it('loses no sighting, and counts none twice', () => {
    const ends = fc.constantFrom(
      podEnd('a', 2, 80),
      podEnd('a', 3, PORT),
      podEnd('b', 2, 80),
      nodeEnd('a', 22),
      nodeEnd('b', 10_250),
      end(OUTSIDE, 443),
      end('224.0.0.1', 0),
      end('nonsense', 1),
    );
    const address = fc.constantFrom('10.244.0.2', '10.244.1.2', '10.0.0.1', '10.96.0.1', OUTSIDE, 'fe80::1');
    const tuple = fc.record({
      source: address,
      sourcePort: fc.constantFrom(80, PORT),
      destination: address,
      destinationPort: fc.constantFrom(80, 443),
    });
    const seen = fc.record({
      node: fc.constantFrom('node-a', 'node-b'),
      netns: fc.constantFrom(1000, 1002),
      ifindex: fc.constantFrom(2, 3),
      tuple,
      inner: fc.boolean(),
      packets: fc.nat(1000),
      bytes: fc.nat(100_000),
    });
    const nat = fc.subarray([
      { kind: 'dnat' as const, from: '10.96.0.1:80', to: '10.244.0.2:80' },
      { kind: 'masquerade' as const, from: '10.244.0.3:40000', to: '10.0.0.1:2000' },
    ]);
    const flows = fc.array(
      fc.record({
        client: ends,
        server: ends,
        nat,
        protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'icmp' as const, 'other' as const),
        sightings: fc.array(seen, { maxLength: 6 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(flows, fc.constantFrom(...SHAPES), (made, shape) => {
        const all: CountedFlow[] = made.map((one) => ({
          ...one,
          sightings: one.sightings.map((part) => whole(part)),
        }));
        const counts = trafficCounts(all, UPLINK, nodeA(shape));
        const here = all
          .flatMap(({ sightings }) => sightings)
          .filter(({ node, netns, ifindex }) => node === 'node-a' && netns === 1000 && ifindex === 2);
        const expected = (isInner: boolean, unit: 'packets' | 'bytes'): number =>
          here.filter(({ inner }) => inner === isInner).reduce((sum, one) => sum + one[unit], 0);
        const kinds = COUNTED_KINDS.map((kind) => counts[kind]);
        for (const unit of ['packets', 'bytes'] as const) {
          assert.equal(
            kinds.reduce((sum, one) => sum + one[unit], 0),
            expected(false, unit),
          );
          assert.equal(
            kinds.reduce((sum, { inner }) => sum + inner[unit], 0),
            expected(true, unit),
          );
        }
      }),
    );
  });

  it('says the same of both directions', () => {
    const ends = new NodeEnds(nodeA());
    assert.equal(ends.placeOfAddress('10.244.0.2'), 'pod');
    for (const { flow: one } of cases('hostgw')) {
      const tuple = tupleOf(one.client, one.server);
      const back = tupleOf(one.server, one.client);
      assert.deepEqual(kindsOf(one, tuple), kindsOf(one, back));
    }
  });
});

function seenAt(point: PathPoint): Sighting {
  const { node, netns, ifindex, point: name, inner, tuple } = point;
  return sighting({ node, netns, ifindex, interface: point.interface, point: name, inner }, tuple);
}

function whole(part: Omit<Sighting, 'interface' | 'point' | 'first' | 'last'>): Sighting {
  const time = '2026-01-01T00:00:00.000Z';
  return { ...part, interface: 'eth0', point: 'to-network', first: time, last: time };
}
