import assert from 'node:assert/strict';
import type { FlowPath, PathPoint } from '../path/flowPath.ts';
import { pathOf } from '../path/pathOf.ts';
import type { Shape, WiringOptions } from '../path/wiring.fixture.ts';
import { wirings } from '../path/wiring.fixture.ts';
import type { NamespaceTopology, Route, Topology } from '../topology.ts';
import { interfaceView } from './interfaceView.ts';
import { interfaceViewText } from './interfaceViewText.ts';
import { cases } from './traffic.fixture.ts';
import type { TrafficKind } from './traffic.ts';
import type { InterfaceView, Passage, TrafficLine } from './trafficLine.ts';

const SHAPES: readonly Shape[] = ['hostgw', 'vxlan', 'ptp'];

function nodeA(shape: Shape, options: WiringOptions = {}): Topology {
  const [topology] = wirings(shape, options);
  assert.ok(topology);
  return topology;
}

/** Node-a with another namespace of its own. */
function changed(shape: Shape, change: (own: NamespaceTopology) => Partial<NamespaceTopology>): Topology {
  const topology = nodeA(shape);
  const [own, ...others] = topology.namespaces;
  assert.ok(own);
  return { ...topology, namespaces: [{ ...own, ...change(own) }, ...others] };
}

function viewOf(topology: Topology, name: string): InterfaceView {
  const [own] = topology.namespaces;
  const link = own?.interfaces.find((candidate) => candidate.name === name);
  assert.ok(own !== undefined && link !== undefined, `no ${name}`);
  const view = interfaceView(topology, own.inode, link.ifindex);
  assert.ok(view);
  return view;
}

function line(view: InterfaceView, kind: TrafficKind): TrafficLine {
  const found = view.lines.find((candidate) => candidate.kind === kind);
  assert.ok(found);
  return found;
}

const seenAt = ({ seenBy }: TrafficLine): string[] => seenBy.map(({ name }) => name);

/** The table in short: a line a kind, a word an interface. */
function matrix(topology: Topology): string {
  const names = topology.namespaces[0]?.interfaces.map(({ name }) => name) ?? [];
  const views = names.map((name) => viewOf(topology, name));
  const kinds = views[0]?.lines.map(({ kind }) => kind) ?? [];
  const rows = kinds.map((kind) => [kind, ...views.map((view) => line(view, kind).passage)]);
  return [['', ...names], ...rows]
    .map(([first = '', ...cells]) =>
      `${first.padEnd(30)}${cells.map((cell) => cell.padEnd(10)).join('')}`.trimEnd(),
    )
    .join('\n');
}

describe('interfaceView', () => {
  it('knows what every interface of a node with a bridge sees', () => {
    assert.equal(
      matrix(nodeA('hostgw')),
      [
        '                              lo        eth0      cni0      veth2     veth3',
        'pod-to-pod                    none      none      none      part      part',
        'pod-to-other-node             none      all       all       part      part',
        'service-asked                 none      none      part      part      part',
        'service-backend               none      none      none      part      part',
        'service-backend-on-other-node none      all       all       none      none',
        'process-to-pod                none      none      all       part      part',
        'process-to-other-node         none      all       none      none      none',
        'host-network                  none      all       none      none      none',
        'pod-to-outside                none      none      all       part      part',
        'pod-masqueraded               none      all       none      none      none',
        'node-port-asked               none      all       none      none      none',
        'node-port-backend             none      none      all       part      part',
        'tunnel-outer                  none      none      none      none      none',
        'loopback                      all       none      none      none      none',
        'broadcast                     none      none      all       all       all',
      ].join('\n'),
    );
  });

  it('knows that a tunnel hides pods’ packets from the uplink', () => {
    assert.equal(
      matrix(nodeA('vxlan')),
      [
        '                              lo        eth0      cni0      flannel.1 veth2     veth3',
        'pod-to-pod                    none      none      none      none      part      part',
        'pod-to-other-node             none      inside    all       all       part      part',
        'service-asked                 none      none      part      none      part      part',
        'service-backend               none      none      none      none      part      part',
        'service-backend-on-other-node none      inside    all       all       none      none',
        'process-to-pod                none      none      all       none      part      part',
        'process-to-other-node         none      inside    none      all       none      none',
        'host-network                  none      all       none      none      none      none',
        'pod-to-outside                none      none      all       none      part      part',
        'pod-masqueraded               none      all       none      none      none      none',
        'node-port-asked               none      all       none      none      none      none',
        'node-port-backend             none      none      all       none      part      part',
        'tunnel-outer                  none      all       none      none      none      none',
        'loopback                      all       none      none      none      none      none',
        'broadcast                     none      none      all       none      all       all',
      ].join('\n'),
    );
  });

  it('knows routed veths without a bridge', () => {
    assert.equal(
      matrix(nodeA('ptp')),
      [
        '                              lo        eth0      veth2     veth3',
        'pod-to-pod                    none      none      part      part',
        'pod-to-other-node             none      all       part      part',
        'service-asked                 none      none      part      part',
        'service-backend               none      none      part      part',
        'service-backend-on-other-node none      all       none      none',
        'process-to-pod                none      none      part      part',
        'process-to-other-node         none      all       none      none',
        'host-network                  none      all       none      none',
        'pod-to-outside                none      none      part      part',
        'pod-masqueraded               none      all       none      none',
        'node-port-asked               none      all       none      none',
        'node-port-backend             none      none      part      part',
        'tunnel-outer                  none      none      none      none',
        'loopback                      all       none      none      none',
        'broadcast                     none      none      part      part',
      ].join('\n'),
    );
  });

  it('says why, with what was found, and who sees it instead', () => {
    const text = interfaceViewText(viewOf(nodeA('vxlan'), 'eth0')).split('\n');
    assert.deepEqual(text.slice(0, 3), [
      'cannot see: Pod to pod on this node. Both ends are on node-a: the packets never leave it. (veth2 and veth3 are ports of cni0) Seen at veth2, veth3.',
      'sees inside a tunnel: Pod to pod on another node. The packets pass here only inside those of flannel.1: the outer ones have the nodes’ addresses. (10.244.1.0/24 via 10.244.1.0 dev flannel.1) Seen at cni0, flannel.1.',
      'cannot see: Pod to Service, by the Service’s address (before DNAT). The packets pass here after DNAT: the Service’s address was replaced by the backend’s. Seen at cni0, veth2, veth3.',
    ]);
    assert.equal(
      text[7],
      'sees: Process or hostNetwork pod of this node, and other nodes and outside. The packets leave and enter the node here. All processes and hostNetwork pods share 10.0.0.1: only the socket’s owner tells them apart. (default via 10.0.0.254 dev eth0)',
    );
  });

  it('says of a bridge that it switches, and of a promiscuous one that it takes a copy', () => {
    const quiet = line(viewOf(nodeA('hostgw'), 'cni0'), 'pod-to-pod');
    assert.equal(quiet.reason, 'cni0 switches the frames from port to port and takes none itself.');
    assert.deepEqual(quiet.evidence, ['cni0 is not promiscuous', 'ports of cni0: veth2, veth3']);
    assert.deepEqual(seenAt(quiet), ['veth2', 'veth3']);
    const promiscuous = line(viewOf(nodeA('hostgw', { promiscuous: true }), 'cni0'), 'pod-to-pod');
    assert.equal(promiscuous.passage, 'all');
    assert.equal(promiscuous.reason, 'cni0 is promiscuous: it takes a copy of every frame that it switches.');
  });

  it('says by the sysctl on which side of a bridge DNAT is', () => {
    const kind = 'service-asked';
    const before = line(viewOf(nodeA('hostgw', { bridgeNetfilter: false }), 'cni0'), kind);
    assert.equal(before.passage, 'all');
    assert.ok(before.evidence.includes('net/bridge/bridge-nf-call-iptables = 0'));
    const after = line(viewOf(nodeA('hostgw'), 'cni0'), kind);
    assert.equal(after.passage, 'part');
    assert.ok(after.evidence.includes('net/bridge/bridge-nf-call-iptables = 1'));
  });

  it('names the pod of a veth, from both ends of it', () => {
    const topology = nodeA('hostgw');
    const host = line(viewOf(topology, 'veth2'), 'pod-to-pod');
    assert.match(host.reason, /^Only what shop\/pod-a2 sends and gets/);
    assert.deepEqual(host.evidence, ['veth2 is the other end of eth0 in shop/pod-a2']);
    const inside = interfaceView(topology, 1002, 2);
    assert.ok(inside);
    assert.equal(line(inside, 'pod-to-pod').passage, 'part');
    assert.deepEqual(line(inside, 'pod-to-pod').evidence, ['eth0 is the other end of veth2 in node-a']);
  });

  it('says what cannot be on a node without pods, and knows no interface that is not there', () => {
    const full = nodeA('hostgw');
    const bare: Topology = { ...full, namespaces: full.namespaces.slice(0, 1) };
    assert.match(line(viewOf(bare, 'eth0'), 'pod-to-pod').reason, /^Fewer than two pods/);
    assert.equal(line(viewOf(bare, 'eth0'), 'host-network').passage, 'all');
    assert.equal(interfaceView(full, 1000, 99), null);
    assert.equal(interfaceView(full, 99, 1), null);
  });

  it('knows the same of pods whose names nobody told', () => {
    for (const shape of SHAPES) {
      const named = nodeA(shape);
      const nameless = { ...named, namespaces: named.namespaces.map((one) => ({ ...one, pod: null })) };
      assert.equal(matrix(nameless), matrix(named), shape);
    }
  });

  it('does not take a host’s route, as clouds have for their metadata, for other nodes’ pods', () => {
    const metadata = { destination: '169.254.169.254/32', gateway: '10.0.0.254', ifindex: 2, table: 254 };
    const route = { ...metadata, protocol: 'dhcp', source: null };
    const view = viewOf(
      changed('hostgw', ({ routes }) => ({ routes: [route, ...routes] })),
      'eth0',
    );
    assert.deepEqual(line(view, 'pod-to-other-node').evidence, ['10.244.1.0/24 via 10.0.0.2 dev eth0']);
  });

  it('does not take a tunnel’s own link for other nodes’ pods', () => {
    const own = { destination: '169.254.7.0/24', gateway: null, ifindex: 4, table: 254 };
    const route: Route = { ...own, protocol: 'kernel', source: null };
    const view = viewOf(
      changed('vxlan', ({ routes }) => ({ routes: [route, ...routes] })),
      'flannel.1',
    );
    const { evidence } = line(view, 'pod-to-other-node');
    assert.deepEqual(evidence, ['10.244.1.0/24 via 10.244.1.0 dev flannel.1']);
  });

  it('knows that a tunnel hides packets also where nobody told of its other end', () => {
    const view = viewOf(
      changed('vxlan', () => ({ fdb: [], neighbours: [] })),
      'eth0',
    );
    assert.equal(line(view, 'pod-to-other-node').passage, 'inside');
    assert.equal(line(view, 'tunnel-outer').passage, 'all');
  });

  it('warns of Cilium and of a link that is down', () => {
    const node = changed('ptp', ({ interfaces }) => ({
      interfaces: interfaces.map((link) =>
        link.name === 'eth0'
          ? { ...link, state: 'down' }
          : link.name === 'veth3'
            ? { ...link, name: 'cilium_host' }
            : link,
      ),
    }));
    assert.equal(viewOf(node, 'eth0').notes.length, 2);
    assert.deepEqual(viewOf(nodeA('ptp'), 'eth0').notes, []);
  });

  for (const shape of SHAPES) {
    for (const promiscuous of [false, true]) {
      for (const bridgeNetfilter of [false, true]) {
        it(`agrees with the path of every flow: ${shape}, promiscuous ${promiscuous}, netfilter ${bridgeNetfilter}`, () => {
          compareAll(wirings(shape, { promiscuous, bridgeNetfilter }), shape);
        });
      }
    }
  }
});

function pointsAt({ request, reply }: FlowPath, inode: number, ifindex: number): PathPoint[] {
  return [...request.points, ...reply.points].filter(
    (point) => point.netns === inode && point.ifindex === ifindex,
  );
}

/** What the tables of all interfaces of node-a say against what the paths of all flows of each kind say. */
function compareAll(topologies: readonly Topology[], shape: Shape): void {
  const [topology] = topologies;
  assert.ok(topology);
  const found = cases(shape).map((one) => ({ ...one, path: pathOf(one.flow, topologies) }));
  for (const { inode, interfaces } of topology.namespaces) {
    for (const { ifindex, name } of interfaces) {
      const view = interfaceView(topology, inode, ifindex);
      assert.ok(view);
      for (const { kind, passage } of view.lines) {
        // Broadcast has no path; the loopback of a pod is another than the node's.
        if (kind === 'broadcast' || (kind === 'loopback' && inode !== 1000)) continue;
        const passes = found
          .filter((one) => one.kind === kind)
          .map(({ path, isKind }) => pointsAt(path, inode, ifindex).filter(({ tuple }) => isKind(tuple)));
        assert.equal(passage, expected(passes, isWire(inode, ifindex)), `${kind} at ${name} in ${inode}`);
      }
    }
  }
}

/** An end of a pod's veth pair: what passes is a part, though it be all that there is. */
const isWire = (inode: number, ifindex: number): boolean => inode !== 1000 || ifindex > 10;

function expected(passes: readonly (readonly PathPoint[])[], wire: boolean): Passage {
  const passing = passes.filter((points) => points.length > 0);
  if (passing.length === 0) return 'none';
  if (passing.length < passes.length || wire) return 'part';
  return passing.every((points) => points.every(({ inner }) => inner)) ? 'inside' : 'all';
}
