import assert from 'node:assert/strict';
import type { RecordedShape } from '../recordings/recordedWiring.fixture.ts';
import { RECORDED_SHAPES, recordedPod, recordedWiring } from '../recordings/recordedWiring.fixture.ts';
import type { InterfaceTopology, NamespaceTopology, Topology } from '../topology.ts';
import type { NetworkStep, PodNetwork, StepKind } from './networkStep.ts';
import { podNetwork, podsOfNode } from './podNetwork.ts';
import { podNetworkText } from './podNetworkText.ts';

function networkOf(topology: Topology, uid: string): PodNetwork {
  const network = podNetwork(topology, uid);
  assert.ok(network);
  return network;
}

const recorded = (shape: RecordedShape): PodNetwork =>
  networkOf(recordedWiring(shape), recordedPod(shape, 'client').uid);

function step({ steps }: PodNetwork, kind: StepKind): NetworkStep {
  const found = steps.find((one) => one.kind === kind);
  assert.ok(found, kind);
  return found;
}

const found = ({ findings }: NetworkStep, name: string): string | undefined =>
  findings.find((one) => one.name === name)?.value;

const kinds = ({ steps }: PodNetwork): StepKind[] => steps.map(({ kind }) => kind);

/** The recording with the client's namespace and the node's own changed. */
function changed(
  shape: RecordedShape,
  change: {
    inside?: (link: InterfaceTopology) => InterfaceTopology;
    pod?: (namespace: NamespaceTopology) => NamespaceTopology;
    own?: (namespace: NamespaceTopology) => NamespaceTopology;
  },
): PodNetwork {
  const { uid } = recordedPod(shape, 'client');
  const topology = recordedWiring(shape);
  const namespaces = topology.namespaces.map((namespace, index) => {
    if (index === 0) return change.own?.(namespace) ?? namespace;
    if (namespace.pod?.uid !== uid) return namespace;
    const interfaces = namespace.interfaces.map((link) =>
      link.name === 'eth0' ? (change.inside?.(link) ?? link) : link,
    );
    return change.pod?.({ ...namespace, interfaces }) ?? { ...namespace, interfaces };
  });
  return networkOf({ ...topology, namespaces }, uid);
}

describe('how a pod got its network', () => {
  it('has the steps of the node’s shape', () => {
    const wire = ['namespace', 'veth-pair', 'move', 'address', 'up'];
    const bridged = [...wire, 'bridge-port', 'pod-routes', 'node-route', 'other-nodes'];
    assert.deepEqual(kinds(recorded('hostgw')), bridged);
    assert.deepEqual(kinds(recorded('vxlan')), bridged);
    assert.deepEqual(kinds(recorded('flannel')), bridged);
    assert.deepEqual(kinds(recorded('ptp')), [...wire, 'pod-routes', 'node-route', 'other-nodes']);
    assert.deepEqual(kinds(recorded('cilium')), [
      ...wire,
      ...['programs', 'pod-routes', 'node-route', 'other-nodes'],
    ]);
  });

  it('says the commands of a bridged pod with its own names and values', () => {
    const { steps } = recorded('hostgw');
    assert.deepEqual(
      steps.flatMap(({ commands }) => commands),
      [
        'ip netns add client',
        'ip link add veth49a25b8e type veth peer name eth0 netns client',
        'ip -n client addr add 10.244.1.4/24 dev eth0',
        'ip -n client link set lo up',
        'ip -n client link set eth0 up',
        'ip link set veth49a25b8e up',
        'ip link set veth49a25b8e master cni0',
        'bridge link set dev veth49a25b8e hairpin on',
        'ip -n client route add default via 10.244.1.1 dev eth0',
        'ip addr add 10.244.1.1/24 dev cni0',
        'sysctl -w net.ipv4.ip_forward=1',
        'ip route add 10.244.0.0/24 via 172.30.0.12 dev eth0',
      ],
    );
  });

  it('proves each by an object that leads to its interface', () => {
    const network = recorded('hostgw');
    assert.match(
      found(step(network, 'namespace'), 'Namespace') ?? '',
      /^4026532861; the node’s own is 4026532337$/,
    );
    const [pod, node] = step(network, 'veth-pair').findings;
    assert.equal(pod?.value, 'eth0 (2), MAC ae:86:7f:c7:12:57');
    assert.deepEqual(pod.interface, { netns: 4026532861, ifindex: 2, name: 'eth0' });
    assert.deepEqual(node?.interface, { netns: 4026532337, ifindex: 5, name: 'veth49a25b8e' });
    const port = step(network, 'bridge-port');
    assert.equal(found(port, 'Bridge'), 'cni0 (2), 3 ports');
    assert.match(found(port, 'Forwarding table') ?? '', /^ae:86:7f:c7:12:57 .* behind veth49a25b8e, learned/);
    assert.equal(found(step(network, 'pod-routes'), 'Gateway'), '10.244.1.1 is an address of cni0 (2)');
    assert.match(found(step(network, 'pod-routes'), 'Neighbour') ?? '', /72:76:b4:cc:2f:a1, which is cni0/);
    assert.match(found(step(network, 'node-route'), 'Neighbour') ?? '', /which is eth0 in the pod/);
  });

  it('needs only what comes before, in every shape and for every pod', () => {
    for (const shape of RECORDED_SHAPES) {
      for (const { uid, name } of podsOfNode(recordedWiring(shape))) {
        const { steps } = networkOf(recordedWiring(shape), uid);
        for (const [index, { needs, kind }] of steps.entries()) {
          const before = steps.slice(0, index).map((one) => one.kind);
          assert.deepEqual(
            needs.filter((need) => !before.includes(need)),
            [],
            `${shape} ${name} ${kind}`,
          );
        }
      }
    }
  });

  it('concludes from the indices whether an end was moved', () => {
    const cilium = step(recorded('cilium'), 'move');
    assert.match(cilium.inferred ?? '', /9 and 10 follow each other, so both ends were made on the node/);
    assert.deepEqual(cilium.commands, ['ip link set tmp10 netns client name eth0']);
    assert.deepEqual(step(recorded('cilium'), 'veth-pair').needs, []);
    for (const shape of ['hostgw', 'vxlan', 'flannel', 'ptp'] as const) {
      const { inferred, commands } = step(recorded(shape), 'move');
      assert.match(inferred ?? '', /did not need one: it has index 2, the first of its own namespace/, shape);
      assert.deepEqual(commands, []);
    }
  });

  it('does not conclude a move from indices that follow each other by chance', () => {
    // The pod's index is the first of any namespace, and nobody on the node has it any more.
    const network = changed('ptp', {
      own: (own) => ({ ...own, interfaces: own.interfaces.filter(({ ifindex }) => ifindex !== 2) }),
    });
    assert.match(step(network, 'move').inferred ?? '', /indices 2 and 3 do not tell/);
  });

  it('says that the node routes where no bridge is, and that the kernel’s route was left out', () => {
    const network = recorded('ptp');
    assert.match(
      step(network, 'address').commands[0] ?? '',
      /addr add 10\.244\.1\.3\/24 dev eth0 noprefixroute$/,
    );
    const route = step(network, 'node-route');
    assert.equal(route.scope, 'pod');
    assert.deepEqual(route.commands, [
      'ip addr add 10.244.1.1/32 dev veth74948229',
      'ip route add 10.244.1.3 dev veth74948229',
    ]);
    assert.match(step(network, 'pod-routes').sentence, /10\.244\.1\.1, which is veth74948229 of the node/);
  });

  it('leads through the tunnel, with what the node was told of the other end', () => {
    const other = step(recorded('vxlan'), 'other-nodes');
    assert.equal(other.scope, 'node');
    assert.equal(found(other, 'Tunnel'), 'vxlan.1 (2), vxlan, VNI 1, UDP 8472, MTU 1450');
    assert.deepEqual(other.commands.slice(-3), [
      'bridge fdb append 16:5f:b8:4a:e9:ed dev vxlan.1 dst 172.30.0.12',
      'ip neigh add 10.244.1.0 lladdr 16:5f:b8:4a:e9:ed dev vxlan.1',
      'ip route add 10.244.1.0/24 via 10.244.1.0 dev vxlan.1 onlink',
    ]);
    const cilium = step(recorded('cilium'), 'other-nodes');
    assert.match(cilium.sentence, /out of cilium_host, .* through the tunnel cilium_vxlan/);
  });

  it('says of Cilium’s programs that they are concluded', () => {
    const { inferred, commands } = step(recorded('cilium'), 'programs');
    assert.match(inferred ?? '', /concluded from cilium_host being there/);
    assert.deepEqual(commands, []);
  });

  it('has nothing to make for a pod of the node’s network, and says why', () => {
    for (const shape of RECORDED_SHAPES) {
      const network = networkOf(recordedWiring(shape), recordedPod(shape, 'node-exporter').uid);
      assert.equal(network.hostNetwork, true);
      assert.deepEqual(
        network.steps.flatMap(({ commands }) => commands),
        [],
      );
      assert.match(
        network.steps[0]?.sentence ?? '',
        /hostNetwork: true.*no namespace and called no CNI plugin/,
      );
      assert.match(
        network.steps[0]?.findings[0]?.value ?? '',
        /^process \d+ of the pod is in \d+, the node’s own$/,
      );
    }
  });

  it('tells who shares the node’s network with it', () => {
    const topology = recordedWiring('hostgw');
    const pod = recordedPod('hostgw', 'node-exporter');
    const other = { namespace: 'kube-system', name: 'proxy', uid: 'other', process: 77 };
    const { steps } = networkOf({ ...topology, hostPods: [...(topology.hostPods ?? []), other] }, pod.uid);
    assert.match(steps[1]?.sentence ?? '', /with the node and 1 other pod:/);
    assert.deepEqual(
      steps[1]?.findings.map(({ value }) => value),
      ['kube-system/proxy, process 77'],
    );
  });

  it('says what the bridge, or the pod, does not know now', () => {
    const silent = changed('hostgw', {
      own: (own) => ({ ...own, fdb: [], neighbours: [] }),
      pod: (pod) => ({ ...pod, neighbours: [] }),
    });
    assert.match(found(step(silent, 'bridge-port'), 'Forwarding table') ?? '', /^no entry for ae:86/);
    assert.match(
      found(step(silent, 'pod-routes'), 'Neighbour') ?? '',
      /has not asked yet who has 10\.244\.1\.1/,
    );
  });

  it('says what is down, and does not switch it on', () => {
    const network = changed('hostgw', { inside: (link) => ({ ...link, state: 'down' }) });
    assert.match(step(network, 'up').sentence, /^eth0 is down now/);
    assert.deepEqual(step(network, 'up').commands, [
      'ip -n client link set lo up',
      'ip link set veth49a25b8e up',
    ]);
  });

  it('tells of an interface that is no veth, and of one whose other end was not found', () => {
    const macvlan = changed('hostgw', { inside: (link) => ({ ...link, kind: 'macvlan' }) });
    assert.deepEqual(kinds(macvlan), ['namespace', 'device', 'address', 'up', 'pod-routes']);
    assert.match(step(macvlan, 'device').sentence, /of kind macvlan: no veth pair/);
    assert.deepEqual(step(macvlan, 'up').needs, ['device']);
    const lost = changed('hostgw', {
      own: (own) => ({ ...own, interfaces: own.interfaces.map((link) => ({ ...link, peer: null })) }),
    });
    assert.equal(found(step(lost, 'veth-pair'), 'Node’s end'), 'not found in the node’s own namespace');
  });

  it('names both addresses of a pod of two families, and none where it has none', () => {
    const both = changed('hostgw', {
      inside: (link) => ({ ...link, addresses: [...link.addresses, '2001:db8::5/64'] }),
    });
    assert.equal(step(both, 'address').commands.length, 2);
    const none = changed('hostgw', { inside: (link) => ({ ...link, addresses: [] }) });
    assert.match(step(none, 'address').sentence, /has no address now/);
  });

  it('tells nothing of a pod that is not there', () => {
    assert.equal(podNetwork(recordedWiring('hostgw'), 'nobody'), null);
  });

  it('is told as text, each step with its number, commands and proof', () => {
    const text = podNetworkText(recorded('hostgw'));
    assert.match(
      text,
      /^How shop\/client on node-a got its network\n\n1\. A network namespace\n {3}The kubelet/,
    );
    assert.match(text, /\n6\. A port of cni0\n.*\n {3}# ip link set veth49a25b8e master cni0\n/);
    assert.match(text, /\n {3}Inferred: No trace is kept of a move/);
    assert.match(text, /\n {3}After: steps 4, 5\n/);
  });
});
