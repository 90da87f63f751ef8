import assert from 'node:assert/strict';
import type { Flow, Sighting } from '../flow.ts';
import type { InterfaceTopology, NamespaceTopology, Topology } from '../topology.ts';
import type { FlowPath } from './flowPath.ts';
import { PathMemory } from './pathMemory.ts';
import { pathOf } from './pathOf.ts';
import { flow, podAddress, podEnd, PORT, sighting, wirings } from './wiring.fixture.ts';

const SERVICE = '10.96.0.10';

/** The topologies with something else known of the nodes' own interfaces of a name. */
function withLink(
  topologies: readonly Topology[],
  name: string,
  more: Partial<InterfaceTopology>,
): Topology[] {
  return topologies.map((topology) => ({
    ...topology,
    namespaces: topology.namespaces.map((namespace) => ({
      ...namespace,
      interfaces: namespace.interfaces.map((link) =>
        link.name === name && namespace.pod === null ? { ...link, ...more } : link,
      ),
    })),
  }));
}

function inPod(namespace: NamespaceTopology, more: Partial<InterfaceTopology>): NamespaceTopology {
  const interfaces = namespace.interfaces.map((link) => (link.name === 'eth0' ? { ...link, ...more } : link));
  return { ...namespace, interfaces };
}

/** Seen at every point of its ways at a time of the day. */
function seenAt(conversation: Flow, topologies: readonly Topology[], seconds: number): Flow {
  const { request, reply } = pathOf(conversation, topologies);
  const last = new Date(seconds * 1000).toISOString();
  const sightings = [...request.points, ...reply.points]
    .filter(({ attached }) => attached)
    .map((point): Sighting => ({ ...sighting(point, point.tuple), last }));
  return { ...conversation, sightings };
}

const kinds = ({ request }: FlowPath): string[] =>
  request.points
    .filter(({ pod }) => pod === null)
    .map(({ interface: name, blank }) => `${name} ${blank?.kind ?? 'seen'}`);

describe('the path of a flow while the wiring changes', () => {
  const local = flow(podEnd('a', 2, PORT), podEnd('a', 3, 8080));
  const switched = wirings('hostgw');
  const promiscuous = wirings('hostgw', { promiscuous: true });

  it('waits for packets at a point of a new way, and then does not explain what is not there', () => {
    let now = 100_000;
    const memory = new PathMemory(() => now);
    const before = seenAt(local, switched, 99);
    assert.deepEqual(kinds(memory.pathOf(before, switched)), ['veth2 seen', 'veth3 seen']);
    now = 101_000;
    assert.deepEqual(kinds(memory.pathOf(before, promiscuous)), [
      'veth2 seen',
      'cni0 no-packets',
      'veth3 seen',
    ]);
    now = 105_000;
    const later = seenAt(local, switched, 104);
    assert.deepEqual(kinds(memory.pathOf(later, promiscuous)), [
      'veth2 seen',
      'cni0 unexplained',
      'veth3 seen',
    ]);
  });

  it('tells what was seen on a way that is no more from what it does not understand', () => {
    let now = 100_000;
    const memory = new PathMemory(() => now);
    const seen = seenAt(local, promiscuous, 100);
    memory.pathOf(seen, promiscuous);
    now = 100_500;
    const { past, unexpected } = memory.pathOf(seen, switched);
    assert.deepEqual(
      past.map(({ interface: name }) => name),
      ['cni0', 'cni0'],
    );
    assert.deepEqual(unexpected, []);
    const still = seenAt(local, promiscuous, 102);
    assert.deepEqual(
      memory.pathOf(still, switched).unexpected.map(({ interface: name }) => name),
      ['cni0', 'cni0'],
    );
  });

  it('knows a way of before also where nobody looked when it changed', () => {
    const old = seenAt(local, promiscuous, 100).sightings.filter(({ interface: name }) => name === 'cni0');
    const fresh = seenAt(local, switched, 110).sightings;
    const path = pathOf({ ...local, sightings: [...old, ...fresh] }, switched);
    assert.equal(path.past.length, 2);
    assert.deepEqual(path.unexpected, []);
  });

  it('takes no name or translation that is known later for a change of the wiring', () => {
    const memory = new PathMemory(() => 100_000);
    const seen = seenAt(local, switched, 99);
    memory.pathOf({ ...seen, server: podEnd('a', 2, 8080), sightings: [] }, switched);
    const server = podEnd('a', 3, 8080);
    const nat = [{ kind: 'dnat' as const, from: `${SERVICE}:80`, to: `${server.address}:8080` }];
    assert.ok(
      kinds(memory.pathOf({ ...seen, nat, server, sightings: [] }, switched)).includes('veth2 unexplained'),
    );
  });

  it('ends where a link is down and where its other end is, and knows the copies that the bridge makes', () => {
    const down = withLink(switched, 'veth3', { state: 'down', disabled: true });
    // An interface without a carrier is called down by the kernel, too, where its other end is in another namespace.
    const wiring = down.map((topology): Topology => ({
      ...topology,
      namespaces: topology.namespaces.map((namespace) =>
        namespace.pod?.uid === 'pod-a3' ? inPod(namespace, { state: 'down' }) : namespace,
      ),
    }));
    const copy: Sighting = {
      ...sighting(
        { node: 'node-a', netns: 1000, interface: 'veth2', ifindex: 12, point: 'to-endpoint', inner: false },
        {
          source: podAddress('a', 2),
          sourcePort: PORT,
          destination: podAddress('a', 3),
          destinationPort: 8080,
        },
      ),
    };
    const { request, reply, flooded, unexpected, bystanders } = pathOf(
      { ...local, sightings: [copy] },
      wiring,
    );
    assert.deepEqual([request.ending.kind, request.ending.text], ['stopped', 'veth3 of node node-a is down']);
    assert.equal(
      reply.ending.text,
      'eth0 of pod shop/pod-a3 has no carrier: veth3, the other end of its wire, is down',
    );
    assert.deepEqual([flooded, unexpected], [[copy], []]);
    const bridge = bystanders.find(({ interface: name }) => name === 'cni0');
    assert.match(bridge?.blank.reason ?? '', /gives the frames to all its ports, without taking them itself/);
  });

  it('says that an answer comes from an address that was not asked, where the bridge hides it from netfilter', () => {
    const server = podEnd('a', 3, 8080);
    const service = flow(podEnd('a', 2, PORT), server, {
      nat: [{ kind: 'dnat', from: `${SERVICE}:80`, to: `${server.address}:8080` }],
    });
    assert.equal(pathOf(service, switched).reply.ending.kind, 'delivered');
    const { ending } = pathOf(service, wirings('hostgw', { bridgeNetfilter: false })).reply;
    assert.equal(ending.kind, 'misaddressed');
    assert.equal(
      ending.text,
      `comes to pod shop/pod-a2 from ${podAddress('a', 3)}:8080, but it asked ${SERVICE}:80: cni0 switches the answer past netfilter, which would put that address back (net/bridge/bridge-nf-call-iptables = 0)`,
    );
  });
});
