import assert from 'node:assert/strict';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import { endpointText } from '../../../src/model/endpoint.ts';
import type { EndpointSlice, InventoryObject, Node, Pod, Service } from '../../../src/model/inventory.ts';
import type { Topology } from '../../../src/model/topology.ts';
import type { Identity } from './identity.ts';
import { Identifier } from './identifier.ts';
import { InventoryStore } from './inventoryStore.ts';
import type { Question } from './question.ts';

const START = Date.parse('2026-01-01T10:00:00Z');
const MINUTE = 60_000;

function pod(
  name: string,
  ip: string,
  changes: { phase?: string; from?: number; deleted?: boolean; hostNetwork?: boolean; ports?: number[] } = {},
): Pod {
  const { phase = 'Running', from = START, deleted = false, hostNetwork = false, ports = [] } = changes;
  return {
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      labels: { 'pod-template-hash': '6d4cf56db6' },
      deletionTimestamp: deleted ? '2026-01-01T10:05:00Z' : undefined,
      ownerReferences: [{ kind: 'ReplicaSet', name: `${name}-6d4cf56db6` }],
    },
    spec: {
      nodeName: 'node-a',
      hostNetwork,
      containers: [{ name: 'main', ports: ports.map((containerPort) => ({ containerPort })) }],
    },
    status: { phase, podIPs: [{ ip }], startTime: new Date(from).toISOString() },
  };
}

const NODE: Node = {
  kind: 'Node',
  metadata: { name: 'node-a', uid: 'uid-node-a' },
  spec: { podCIDRs: ['10.244.1.0/24', 'fd00:1::/64'] },
  status: {
    addresses: [
      { type: 'InternalIP', address: '172.30.0.11' },
      { type: 'Hostname', address: 'node-a' },
    ],
  },
};

const SERVICE: Service = {
  kind: 'Service',
  metadata: { name: 'api', namespace: 'shop', uid: 'uid-api' },
  spec: {
    type: 'NodePort',
    clusterIPs: ['10.96.0.10'],
    ports: [{ name: 'http', port: 80, nodePort: 30080 }],
  },
};

function service(
  name: string,
  changes: {
    type?: string;
    clusterIPs?: string[];
    externalIPs?: string[];
    ingress?: string[];
    port?: number;
    from?: number;
  },
): Service {
  const { type, clusterIPs, externalIPs, ingress = [], port = 80, from = START } = changes;
  const creationTimestamp = new Date(from).toISOString();
  return {
    kind: 'Service',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, creationTimestamp },
    spec: { type, clusterIPs, externalIPs, ports: [{ name: 'http', port }] },
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  };
}

const TOPOLOGY: Topology = {
  node: 'node-a',
  kernel: '6.18',
  sysctls: {},
  namespaces: [
    {
      inode: 1,
      path: '/proc/1/ns/net',
      pod: null,
      routes: [],
      neighbours: [],
      fdb: [],
      sockets: [],
      interfaces: [
        {
          ifindex: 3,
          name: 'cni0',
          kind: 'bridge',
          role: 'bridge',
          mac: '',
          mtu: 1500,
          state: 'up',
          master: null,
          peer: null,
          addresses: ['10.250.0.1/24'],
          pod: null,
          attached: true,
          promiscuous: false,
          statistics: {
            receivedPackets: 0,
            receivedBytes: 0,
            receivedDropped: 0,
            sentPackets: 0,
            sentBytes: 0,
            sentDropped: 0,
          },
        },
      ],
    },
  ],
};

const ASKED = { port: 80, protocol: 'tcp', when: START + MINUTE, netns: 1, vethPod: null, socket: null };

class World {
  readonly inventory = new InventoryStore();
  readonly identifier = new Identifier(this.inventory);

  constructor(...objects: InventoryObject[]) {
    this.push(START, ...objects);
    this.identifier.setTopology(TOPOLOGY);
  }

  push(now: number, ...upserts: InventoryObject[]): void {
    this.inventory.update({ reset: false, upserts, deletedUids: [] }, now);
  }

  remove(now: number, uid: string): void {
    this.inventory.update({ reset: false, upserts: [], deletedUids: [uid] }, now);
  }

  ask(address: string, changes: Partial<Question> = {}): Identity {
    return this.identifier.identify({ ...ASKED, address, ...changes });
  }

  who(address: string, changes: Partial<Question> = {}): Endpoint {
    return this.ask(address, changes).endpoint;
  }
}

describe('identity', () => {
  it('names a pod by its address, with workload, node and only container', () => {
    const { kind, namespace, name, workload, node, container, evidence } = new World(
      pod('web', '10.244.1.5'),
    ).who('10.244.1.5');
    assert.deepEqual(
      { kind, namespace, name, node, container, evidence },
      {
        kind: 'pod',
        namespace: 'shop',
        name: 'web',
        node: 'node-a',
        container: 'main',
        evidence: ['pod-ip'],
      },
    );
    assert.deepEqual(workload, { kind: 'Deployment', name: 'web' });
  });

  it('adds the veth as evidence when the packets used the pod’s own', () => {
    const world = new World(pod('web', '10.244.1.5'));
    const vethPod = { namespace: 'shop', name: 'web', uid: 'uid-web' };
    assert.deepEqual(world.who('10.244.1.5', { vethPod }).evidence, ['veth', 'pod-ip']);
  });

  it('does not take an address for a pod’s own only because it came through its veth', () => {
    const world = new World(pod('router', '10.244.1.5'));
    const vethPod = { namespace: 'shop', name: 'router', uid: 'uid-router' };
    assert.equal(world.who('203.0.113.9', { vethPod }).kind, 'external');
  });

  it('does not take what is flooded to a new pod for its own, while its address is not known', () => {
    const fresh = pod('fresh', '10.244.1.5');
    const world = new World(
      { ...fresh, status: { ...fresh.status, podIPs: [] } },
      pod('web', '10.244.1.6'),
      NODE,
    );
    const vethPod = { namespace: 'shop', name: 'fresh', uid: 'uid-fresh' };
    for (const address of ['ff02::2', '224.0.0.251', '255.255.255.255']) {
      assert.equal(world.who(address, { vethPod }).name, null, address);
    }
    assert.deepEqual(world.who('10.244.1.6', { vethPod }).candidates, ['shop/fresh', 'shop/web']);
    assert.equal(world.who('172.30.0.11', { vethPod }).name, 'node-a');
    assert.equal(world.who('10.244.1.5', { vethPod }).name, 'fresh');
    assert.equal(world.who('fe80::1', { vethPod }).name, 'fresh');
  });

  it('gives a reused address to the pod that had it at the time', () => {
    const world = new World(NODE, pod('old', '10.244.1.5'));
    world.remove(START + 5 * MINUTE, 'uid-old');
    world.push(START + 6 * MINUTE, pod('new', '10.244.1.5', { from: START + 6 * MINUTE }));
    assert.equal(world.who('10.244.1.5', { when: START + MINUTE }).name, 'old');
    assert.equal(world.who('10.244.1.5', { when: START + 7 * MINUTE }).name, 'new');
    const between = world.who('10.244.1.5', { when: START + 5.5 * MINUTE });
    assert.deepEqual([between.kind, between.name], ['unknown', null]);
  });

  it('never gives a finished Job’s pod the traffic of the pod that has its address now', () => {
    const job = pod('job', '10.244.1.5', { phase: 'Succeeded' });
    const world = new World(job, pod('web', '10.244.1.5'));
    assert.equal(world.who('10.244.1.5').name, 'web');
    assert.deepEqual(world.who('10.244.1.5').candidates, []);
    assert.equal(new World(job).who('10.244.1.5').name, null);
  });

  it('prefers a running pod over one that terminates', () => {
    const world = new World(pod('going', '10.244.1.5', { deleted: true }), pod('running', '10.244.1.5'));
    assert.equal(world.who('10.244.1.5').name, 'running');
    assert.equal(new World(pod('going', '10.244.1.5', { deleted: true })).who('10.244.1.5').name, 'going');
  });

  it('lists all candidates when nothing decides between pods', () => {
    const { kind, name, candidates } = new World(pod('a', '10.244.1.5'), pod('b', '10.244.1.5')).who(
      '10.244.1.5',
    );
    assert.deepEqual(
      { kind, name, candidates },
      { kind: 'pod', name: null, candidates: ['shop/a', 'shop/b'] },
    );
  });

  it('names the node for a node’s address, and the pods on its network as candidates only', () => {
    const proxy = pod('proxy', '172.30.0.11', { hostNetwork: true, ports: [9100] });
    const world = new World(NODE, proxy, pod('agent', '172.30.0.11', { hostNetwork: true }));
    const { kind, name, candidates, evidence } = world.who('172.30.0.11', { port: 40000 });
    assert.deepEqual({ kind, name, evidence }, { kind: 'node', name: 'node-a', evidence: ['node-ip'] });
    assert.deepEqual(candidates, ['shop/agent', 'shop/proxy']);
    assert.deepEqual(world.who('172.30.0.11', { port: 9100 }).candidates, ['shop/proxy']);
  });

  it('names the node that Cilium says has an address of the pods’ range', () => {
    const inventory = new InventoryStore();
    inventory.update({ reset: false, upserts: [NODE], deletedUids: [] }, START);
    const nodes = new Map([['10.244.1.200', '172.30.0.11']]);
    const identifier = new Identifier(inventory, null, (address) => nodes.get(address) ?? null);
    identifier.setTopology(TOPOLOGY);
    const who = (address: string): Endpoint => identifier.identify({ ...ASKED, address }).endpoint;
    const { kind, name, evidence } = who('10.244.1.200');
    assert.deepEqual(
      { kind, name, evidence },
      { kind: 'node', name: 'node-a', evidence: ['node-ip', 'cilium-ip'] },
    );
    assert.equal(who('10.244.1.201').name, null);
  });

  it('finds the Service behind a cluster address and behind a node port', () => {
    const world = new World(NODE, SERVICE);
    const direct = world.ask('10.96.0.10');
    assert.deepEqual(
      [direct.endpoint.kind, direct.endpoint.name, direct.service?.portName],
      ['service', 'api', 'http'],
    );
    const published = world.ask('172.30.0.11', { port: 30080 });
    assert.deepEqual([published.endpoint.kind, published.service?.name], ['node', 'api']);
    assert.equal(world.ask('172.30.0.11', { port: 30081 }).service, null);
  });

  it('calls an unowned address inside the cluster unknown and one outside external', () => {
    const world = new World(NODE);
    assert.equal(world.who('10.244.1.99').kind, 'unknown');
    assert.equal(world.who('fd00:1::99').kind, 'unknown');
    assert.equal(world.who('10.250.0.77').kind, 'unknown');
    assert.equal(world.who('ff02::1').kind, 'unknown');
    assert.equal(world.who('198.51.100.1').kind, 'external');
    assert.deepEqual(world.who('198.51.100.1').evidence, ['none']);
  });

  it('gives the node as a candidate for the first address of its pod range, as flannel’s tunnel devices have it', () => {
    const world = new World(NODE);
    for (const address of ['10.244.1.0', 'fd00:1::']) {
      const { kind, name, candidates } = world.who(address);
      assert.deepEqual([kind, name, candidates], ['unknown', null, ['node node-a']]);
    }
    assert.deepEqual(world.who('10.244.1.1').candidates, []);
    assert.equal(new World(NODE, pod('first', '10.244.1.0')).who('10.244.1.0').name, 'first');
  });

  it('calls the node’s own addresses the node, without any inventory', () => {
    assert.deepEqual(
      [new World().who('10.250.0.1').kind, new World().who('10.250.0.1').name],
      ['node', 'node-a'],
    );
  });

  it('compares addresses in one spelling', () => {
    assert.equal(new World(pod('six', 'FD00:1:0:0::5')).who('fd00:1::5').name, 'six');
  });

  it('replaces everything on reset', () => {
    const world = new World(pod('web', '10.244.1.5'), NODE);
    world.inventory.update({ reset: true, upserts: [NODE], deletedUids: [] }, START + MINUTE);
    assert.equal(world.inventory.size, 1);
    assert.equal(world.who('10.244.1.5', { when: START + 2 * MINUTE }).name, null);
  });

  it('says what an address is that nobody has', () => {
    const world = new World(NODE, SERVICE, service('other', { clusterIPs: ['10.96.7.1'] }));
    const says = (address: string): unknown[] => [world.who(address).kind, ...world.who(address).names];
    assert.deepEqual(says('10.244.1.99'), ['unknown', 'pod range']);
    assert.deepEqual(says('10.96.3.3'), ['unknown', 'service range']);
    assert.deepEqual(says('10.250.0.77'), ['unknown', 'range of a bridge of this node']);
    assert.deepEqual(says('10.250.0.255'), ['unknown', 'range of a bridge of this node', 'broadcast']);
    assert.deepEqual(says('224.0.0.251'), ['unknown', 'multicast (mDNS)']);
    assert.deepEqual(says('169.254.169.254'), ['external', 'cloud metadata service']);
    assert.deepEqual(says('203.0.113.9'), ['external', 'documentation range']);
    assert.deepEqual(says('8.8.8.8'), ['external']);
    assert.deepEqual(world.who('169.254.169.254').evidence, ['none']);
    assert.equal(endpointText(world.who('169.254.169.254')), '169.254.169.254 (cloud metadata service)');
  });

  describe('Services', () => {
    it('has each family’s cluster address, external addresses and those of its load balancer', () => {
      const world = new World(
        service('web', {
          clusterIPs: ['10.96.0.20', 'fd00:96::20'],
          externalIPs: ['203.0.113.20'],
          ingress: ['203.0.113.21', '2001:DB8::21'],
        }),
      );
      for (const address of ['10.96.0.20', 'fd00:96::20', '203.0.113.20', '203.0.113.21', '2001:db8::21']) {
        const { endpoint, service: asked } = world.ask(address);
        assert.deepEqual(
          [endpoint.kind, endpoint.name, asked?.name, asked?.portName],
          ['service', 'web', 'web', 'http'],
        );
      }
    });

    it('tells Services that share an external address by port, and lists both where that does not tell', () => {
      const shared = { externalIPs: ['203.0.113.20'] };
      const world = new World(service('web', shared), service('mail', { ...shared, port: 25 }));
      assert.equal(world.who('203.0.113.20', { port: 25 }).name, 'mail');
      const { name, candidates } = world.who('203.0.113.20', { port: 22 });
      assert.deepEqual([name, candidates], [null, ['shop/mail', 'shop/web']]);
    });

    it('has of a node’s address no more than its ports', () => {
      const world = new World(NODE, service('web', { ingress: ['172.30.0.11'] }));
      assert.deepEqual(
        [world.who('172.30.0.11').kind, world.ask('172.30.0.11').service?.name],
        ['service', 'web'],
      );
      for (const port of [22, 45_000]) {
        const { endpoint, service: asked } = world.ask('172.30.0.11', { port });
        assert.deepEqual([endpoint.kind, endpoint.name, asked], ['node', 'node-a', null]);
      }
      assert.equal(world.who('172.30.0.11', { protocol: 'icmp', port: 0 }).kind, 'node');
    });

    it('keeps an address of IPVS, which nodes have on an interface, whatever the port', () => {
      const world = new World(service('web', { clusterIPs: ['10.250.0.1'] }));
      assert.equal(world.who('10.250.0.1', { port: 81 }).name, 'web');
    });

    it('gives an address to the Service that had it at the time', () => {
      const world = new World(service('old', { clusterIPs: ['10.96.0.20'] }));
      world.remove(START + 5 * MINUTE, 'uid-old');
      world.push(
        START + 6 * MINUTE,
        service('new', { clusterIPs: ['10.96.0.20'], from: START + 6 * MINUTE }),
      );
      assert.equal(world.who('10.96.0.20', { when: START + MINUTE }).name, 'old');
      assert.equal(world.who('10.96.0.20', { when: START + 7 * MINUTE }).name, 'new');
      assert.equal(world.who('10.96.0.20', { when: START + 5.5 * MINUTE }).name, null);
    });

    it('is found by name where it has no address', () => {
      const world = new World(
        service('db', { clusterIPs: ['None'] }),
        service('away', { type: 'ExternalName' }),
        SERVICE,
      );
      const end = { address: '10.244.1.5', port: 80, protocol: 'tcp' };
      const asked = (name: string): unknown => world.identifier.serviceNamed(name, end)?.service?.name;
      assert.equal(asked('db.shop.svc.cluster.local'), 'db');
      assert.equal(asked('db-0.db.shop.svc.cluster.local'), 'db');
      assert.equal(asked('away.shop.svc.cluster.local'), 'away');
      for (const name of ['api.shop', 'api.other', 'gone.shop']) {
        assert.equal(asked(`${name}.svc.cluster.local`), undefined);
      }
      assert.equal(asked('db.shop.svc.example.org'), undefined);
      assert.equal(world.who('10.244.1.5').name, null, 'a headless Service has no address');
    });

    it('says of an outside address that it is a Service’s endpoint, where that was set by hand', () => {
      const slice = (
        uid: string,
        endpoint: EndpointSlice['endpoints'][number],
        addressType = 'IPv4',
      ): EndpointSlice => ({
        kind: 'EndpointSlice',
        metadata: { name: uid, namespace: 'shop', uid, labels: { 'kubernetes.io/service-name': 'legacy' } },
        addressType,
        endpoints: [endpoint],
      });
      const world = new World(
        service('legacy', {}),
        slice('by-hand', { addresses: ['198.18.0.9'] }),
        slice('of-pods', { addresses: ['198.18.0.10'], targetRef: { kind: 'Pod', uid: 'uid-x' } }),
        slice('by-name', { addresses: ['legacy.example'] }, 'FQDN'),
      );
      assert.deepEqual(world.who('198.18.0.9').names, ['endpoint of shop/legacy', 'benchmark range']);
      assert.deepEqual(world.who('198.18.0.9').kind, 'external');
      assert.deepEqual(world.who('198.18.0.10').names, ['benchmark range']);
    });
  });

  it('has both addresses of a dual-stack pod', () => {
    const six = { ...pod('web', '10.244.1.5').status, podIPs: [{ ip: '10.244.1.5' }, { ip: 'fd00:1::5' }] };
    const world = new World({ ...pod('web', '10.244.1.5'), status: six });
    assert.deepEqual([world.who('10.244.1.5').uid, world.who('fd00:1::5').uid], ['uid-web', 'uid-web']);
  });

  it('lists pods that publish a port of the node, and finished ones no more', () => {
    const publishing = (name: string, phase: string): Pod => ({
      ...pod(name, '10.244.1.5', { phase }),
      spec: {
        nodeName: 'node-a',
        containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort: 8080 }] }],
      },
    });
    const world = new World(NODE, publishing('web', 'Running'), publishing('done', 'Succeeded'));
    const { kind, evidence, candidates } = world.who('172.30.0.11', { port: 8080 });
    assert.deepEqual(
      { kind, evidence, candidates },
      {
        kind: 'node',
        evidence: ['node-ip', 'host-port'],
        candidates: ['shop/web'],
      },
    );
    assert.deepEqual(world.who('172.30.0.11', { port: 8080, protocol: 'udp' }).candidates, []);
  });
});
