import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Service } from '../../../src/model/inventory.ts';
import { STATIC_POD_UID } from '../../../src/model/inventory.ts';
import type { TestSocket } from '../sockets/socketTable.fixture.ts';
import { containerId, START, testPod, TestNode, uidOf } from './socketOwners.fixture.ts';

const [TCP, UDP] = [6, 17];

describe('owners by socket', () => {
  let node: TestNode;

  beforeEach(() => {
    node = new TestNode();
    node.push(testPod(1), testPod(2));
  });

  afterEach(() => node.close());

  it('tells pods on one address apart by the cgroup of what they send', () => {
    for (const number of [1, 2]) {
      const { endpoint, pending } = node.ask({ port: 5000, clues: { cgroup: node.podCgroup(number) } });
      const { kind, name, container, evidence, candidates } = endpoint;
      assert.deepEqual([kind, name, container, candidates], ['pod', `pod-${number}`, 'main', []]);
      assert.deepEqual(evidence, ['cgroup', 'node-ip']);
      assert.equal(pending, false);
    }
  });

  it('gives the very same endpoint for the same end, so that rows find its name without looking at it', () => {
    const ports = [{ port: 443, protocol: 'TCP' }];
    node.push({
      kind: 'Service',
      metadata: { name: 'api', namespace: 'shop', uid: 'uid-api' },
      spec: { type: 'ClusterIP', clusterIPs: ['10.96.0.1'], ports },
    });
    node.push({
      kind: 'Node',
      metadata: { name: 'node-b', uid: 'uid-node-b' },
      spec: {},
      status: { addresses: [{ type: 'InternalIP', address: '10.9.9.8' }] },
    });
    const unit = node.cgroup('system.slice/sshd.service');
    const asked = {
      'a pod': { port: 5000, clues: { cgroup: node.podCgroup(1) } },
      'a pod that nobody knows': { port: 5000, clues: { cgroup: node.podCgroup(9) } },
      'a process': { port: 22, clues: { cgroup: unit } },
      'the kernel': { port: 7, protocol: 'icmp', clues: { opened: false } },
      'the node': { port: 4000 },
      'a node elsewhere': { address: '10.9.9.8', port: 4000 },
      'a Service': { address: '10.96.0.1', port: 443 },
    };
    for (const [what, question] of Object.entries(asked)) {
      const first = node.ask(question);
      const second = node.ask({ ...question });
      assert.equal(second.endpoint, first.endpoint, what);
      assert.equal(second.service, first.service, what);
    }
  });

  it('says the node and who could be meant where nothing decides, and that it may be known later', () => {
    const { endpoint, pending } = node.ask({ port: 5000 });
    assert.deepEqual([endpoint.kind, endpoint.name], ['node', 'node-a']);
    assert.deepEqual(endpoint.candidates, ['shop/pod-1', 'shop/pod-2']);
    assert.equal(pending, true);
  });

  it('takes a cgroup of another node for nobody’s', () => {
    const { endpoint } = node.ask({ port: 5000, clues: { cgroup: 123_456_789 } });
    assert.equal(endpoint.kind, 'node');
    node.tree.refreshNow(node.now);
    assert.equal(node.ask({ port: 5000, clues: { cgroup: 123_456_789 } }).endpoint.kind, 'node');
  });

  it('names who is connected as the flow is', async () => {
    const cgroup = node.podCgroup(2);
    const remote = { remote: '10.9.9.9', remotePort: 4000 };
    node.sockets = [{ protocol: TCP, local: '172.30.0.11', localPort: 80, ...remote, cgroup }];
    await node.dump();
    const { endpoint } = node.ask({ port: 80 });
    assert.deepEqual([endpoint.name, endpoint.evidence], ['pod-2', ['socket', 'node-ip']]);
    assert.equal(node.ask({ port: 80, otherPort: 4001 }).endpoint.kind, 'node');
  });

  it('names who takes what comes to a port only where it was there before the packet and after', async () => {
    node.sockets = [{ protocol: UDP, local: 'any4', localPort: 53, cgroup: node.podCgroup(1) }];
    const asked = { port: 53, protocol: 'udp', clues: { first: START + 1000, last: START + 2000 } };
    node.now = START + 500;
    await node.dump();
    assert.equal(node.ask(asked).endpoint.kind, 'node');
    node.now = START + 3000;
    await node.dump();
    const { endpoint, pending } = node.ask(asked);
    assert.deepEqual([endpoint.name, endpoint.evidence], ['pod-1', ['listener', 'node-ip']]);
    assert.equal(pending, false);
  });

  it('shows who took a port after the packet as a candidate', async () => {
    node.now = START + 3000;
    node.sockets = [{ protocol: UDP, local: 'any4', localPort: 53, cgroup: node.podCgroup(1) }];
    await node.dump();
    const clues = { first: START + 1000, last: START + 2000 };
    const { endpoint } = node.ask({ port: 53, protocol: 'udp', clues });
    assert.deepEqual([endpoint.kind, endpoint.candidates], ['node', ['shop/pod-1 main']]);
  });

  it('shows all who share a port, or who sent as one end, as candidates', async () => {
    const [first, second] = [node.podCgroup(1), node.podCgroup(2)];
    const any = { protocol: UDP, local: 'any4', localPort: 53 };
    node.sockets = [
      { ...any, cgroup: first },
      { ...any, cgroup: second },
    ];
    await node.dump();
    const both = ['shop/pod-1 main', 'shop/pod-2 main'];
    assert.deepEqual(node.ask({ port: 53, protocol: 'udp' }).endpoint.candidates, both);
    const { endpoint } = node.ask({ port: 54, protocol: 'udp', clues: { cgroup: first, others: [second] } });
    assert.deepEqual([endpoint.kind, endpoint.candidates], ['node', both]);
  });

  it('does not give a forwarded port to who holds it', async () => {
    const service: Service = {
      kind: 'Service',
      metadata: { name: 'api', namespace: 'shop', uid: 'uid-api' },
      spec: { type: 'NodePort', clusterIPs: ['10.96.0.10'], ports: [{ port: 80, nodePort: 30080 }] },
    };
    node.push(service);
    node.sockets = [{ protocol: TCP, local: 'any4', localPort: 30080, cgroup: node.podCgroup(1) }];
    await node.dump();
    const { endpoint, service: found } = node.ask({ port: 30080 });
    assert.deepEqual([endpoint.kind, found?.name], ['node', 'api']);
  });

  it('gives outer packets of the node’s own tunnels to the kernel, whoever sent the inner one', () => {
    node.identifier.setTunnelPorts(new Set([8472]));
    const cgroup = node.podCgroup(1);
    for (const asked of [
      { port: 8472, otherPort: 50_000 },
      { port: 50_000, otherPort: 8472 },
    ]) {
      const { endpoint } = node.ask({ ...asked, protocol: 'udp', clues: { cgroup } });
      assert.deepEqual([endpoint.kind, endpoint.name, endpoint.evidence], ['process', 'kernel', ['kernel']]);
    }
    assert.equal(node.ask({ port: 4789, protocol: 'udp', clues: { cgroup } }).endpoint.name, 'pod-1');
  });

  it('gives echo replies to the kernel and requests to who sent them', () => {
    const cgroup = node.podCgroup(1);
    const ask = (opened: boolean): string | null =>
      node.ask({ port: 7, protocol: 'icmp', clues: { cgroup, opened } }).endpoint.name;
    assert.deepEqual([ask(true), ask(false)], ['pod-1', 'kernel']);
  });

  it('names processes of the node by their unit', () => {
    const { endpoint } = node.ask({
      port: 10_250,
      clues: { cgroup: node.cgroup('system.slice/kubelet.service') },
    });
    assert.deepEqual([endpoint.kind, endpoint.name, endpoint.node], ['process', 'kubelet.service', 'node-a']);
  });

  it('takes a process without unit for no pod’s while its socket is not found', () => {
    const cgroup = node.cgroup('user.slice/user-0.slice/session-3.scope');
    const { kind, name, evidence, candidates } = node.ask({ port: 5000, clues: { cgroup } }).endpoint;
    assert.deepEqual([kind, name, evidence, candidates], ['process', null, ['cgroup', 'node-ip'], []]);
  });

  it('names a static pod, whose cgroup has the hash of its manifest', () => {
    const hash = 'd9f1c3a07b6e4d2f8a5c0b1e2d3f4a5b';
    const mirror = testPod(3);
    const withHash = { ...mirror, metadata: { ...mirror.metadata, annotations: { [STATIC_POD_UID]: hash } } };
    node.push({ ...withHash, status: { ...mirror.status, containerStatuses: [] } });
    const { endpoint } = node.ask({
      port: 1,
      clues: { cgroup: node.cgroup(`kubepods/pod${hash}/${containerId(99)}`) },
    });
    assert.deepEqual([endpoint.name, endpoint.uid], ['pod-3', uidOf(3)]);
  });

  it('names a pod by its uid alone until the inventory has it', () => {
    const cgroup = node.podCgroup(4);
    const { kind, name, uid } = node.ask({ port: 1, clues: { cgroup } }).endpoint;
    assert.deepEqual([kind, name, uid], ['pod', null, uidOf(4)]);
    node.push(testPod(4));
    assert.equal(node.ask({ port: 1, clues: { cgroup } }).endpoint.name, 'pod-4');
  });
});

describe('pods by the socket that sent', () => {
  let node: TestNode;
  const address = '10.244.1.5';

  beforeEach(() => {
    node = new TestNode();
  });

  afterEach(() => node.close());

  it('tells containers apart, also one that was replaced', () => {
    const containers = [{ name: 'main' }, { name: 'sidecar' }];
    const pod = testPod(1, { ip: address, containers });
    const running = (sidecar: number): void => {
      const sidecarId = { name: 'sidecar', containerID: `containerd://${containerId(sidecar)}` };
      const containerStatuses = [...(pod.status.containerStatuses ?? []), sidecarId];
      node.push({ ...pod, status: { ...pod.status, containerStatuses } });
    };
    running(50);
    running(51);
    const ask = (cgroup: number): string | null =>
      node.ask({ address, port: 1, clues: { cgroup } }).endpoint.container;
    assert.equal(ask(node.podCgroup(1)), 'main');
    assert.equal(ask(node.podCgroup(50, 1)), 'sidecar');
    assert.equal(ask(node.podCgroup(51, 1)), 'sidecar');
    assert.equal(ask(node.podCgroup(52, 1)), null);
    assert.equal(ask(0), null);
  });

  it('does not give an address’s last pod what its next one sends', () => {
    node.push(testPod(1, { ip: address }));
    node.podCgroup(1);
    const cgroup = node.podCgroup(2);
    node.removeCgroup(`kubepods/burstable/pod${uidOf(1)}`);
    const { endpoint } = node.ask({ address, port: 1, clues: { cgroup } });
    assert.deepEqual([endpoint.name, endpoint.uid, endpoint.candidates], [null, uidOf(2), ['shop/pod-1']]);
    node.push(testPod(2, { ip: address }));
    assert.equal(node.ask({ address, port: 1, clues: { cgroup } }).endpoint.name, 'pod-2');
  });

  it('keeps the pod where a process of another opens sockets inside it', () => {
    const pod = testPod(1, { ip: address });
    node.push(pod, testPod(2));
    node.podCgroup(1);
    const vethPod = { namespace: 'shop', name: 'pod-1', uid: uidOf(1) };
    const { name, container } = node.ask({
      address,
      port: 1,
      vethPod,
      clues: { cgroup: node.podCgroup(2) },
    }).endpoint;
    assert.deepEqual([name, container], ['pod-1', null]);
  });
});

/** What may happen on the node between two packets. */
type Step =
  | { readonly do: 'open' | 'close'; readonly pod: number; readonly port: number }
  | { readonly do: 'dump' }
  | { readonly do: 'packet'; readonly port: number };

const POD_NUMBER = fc.integer({ min: 1, max: 3 });
const PORT = fc.integer({ min: 53, max: 54 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('open' as const, 'close' as const), pod: POD_NUMBER, port: PORT }),
  fc.record({ do: fc.constant('dump' as const) }),
  fc.record({ do: fc.constant('packet' as const), port: PORT }),
);

describe('owners by socket, whatever happens', () => {
  it('never names one who did not get the packet', async () => {
    const node = new TestNode();
    const cgroups = [1, 2, 3].map((number) => node.podCgroup(number));
    node.push(testPod(1), testPod(2), testPod(3));
    let cookie = 1;
    let named = 0;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(STEP, { minLength: 5, maxLength: 30 }), async (steps) => {
          node.sockets = [];
          /** Packets that were received, with who could have got each: who shares a port between two looks is not seen. */
          const received: { port: number; at: number; owners: Set<string> }[] = [];
          const own = ({ cgroup }: TestSocket): string => `pod-${cgroups.indexOf(cgroup) + 1}`;
          for (const step of steps) {
            node.now += 10;
            if (step.do === 'open') {
              const cgroup = cgroups[step.pod - 1] ?? 0;
              cookie += 1;
              node.sockets.push({ protocol: UDP, local: 'any4', localPort: step.port, cgroup, cookie });
            } else if (step.do === 'close') {
              const of = cgroups[step.pod - 1];
              node.sockets = node.sockets.filter(
                ({ cgroup, localPort }) => cgroup !== of || localPort !== step.port,
              );
            } else if (step.do === 'packet') {
              const open = node.sockets.filter(({ localPort }) => localPort === step.port);
              received.push({ port: step.port, at: node.now, owners: new Set(open.map(own)) });
            } else await node.dump();
            for (const { port, at, owners } of received) {
              const { endpoint } = node.ask({ port, protocol: 'udp', clues: { first: at, last: at } });
              if (endpoint.kind !== 'pod') continue;
              named += 1;
              assert.ok(owners.has(endpoint.name ?? ''), `${String(endpoint.name)} of ${[...owners].join()}`);
            }
          }
        }),
        { numRuns: 300 },
      );
      assert.ok(named > 0);
    } finally {
      node.close();
    }
  });
});
