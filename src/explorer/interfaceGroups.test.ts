import assert from 'node:assert/strict';
import type { InterfaceTopology, Topology } from '../model/topology.ts';
import { interfaceGroups } from './interfaceGroups.ts';
import { interfaceDescription, interfaceFacts } from './interfaceText.ts';

function link(parts: Partial<InterfaceTopology>): InterfaceTopology {
  return {
    ifindex: 1,
    name: 'lo',
    kind: '',
    role: 'other',
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    state: 'up',
    master: null,
    peer: null,
    addresses: [],
    pod: null,
    attached: false,
    promiscuous: false,
    statistics: {
      receivedPackets: 1,
      receivedBytes: 2000,
      receivedDropped: 0,
      sentPackets: 3,
      sentBytes: 4000,
      sentDropped: 0,
    },
    ...parts,
  };
}

function node(...interfaces: InterfaceTopology[]): Topology {
  const own = {
    inode: 1,
    path: '/proc/1/ns/net',
    pod: null,
    routes: [],
    neighbours: [],
    fdb: [],
    sockets: [],
  };
  return { node: 'node-a', kernel: '6.18', sysctls: {}, namespaces: [{ ...own, interfaces }] };
}

const pod = (name: string): InterfaceTopology['pod'] => ({ namespace: 'shop', name, uid: name });

describe('interfaceGroups', () => {
  it('puts interfaces by role, ports below their bridge, and leaves empty groups out', () => {
    const groups = interfaceGroups(
      node(
        link({ ifindex: 1, name: 'lo', role: 'loopback' }),
        link({ ifindex: 2, name: 'eth0', role: 'uplink' }),
        link({ ifindex: 3, name: 'cni0', role: 'bridge' }),
        link({ ifindex: 4, name: 'veth2', role: 'pod-veth', master: 3, pod: pod('web-1') }),
        link({ ifindex: 5, name: 'veth1', role: 'pod-veth', master: 3, pod: pod('api-1') }),
      ),
    );
    assert.deepEqual(
      groups.map(({ name, interfaces }) => [
        name,
        interfaces.map(({ of, ports }) => [of.name, ports.map((port) => port.name)]),
      ]),
      [
        ['uplinks', [['eth0', []]]],
        ['bridges', [['cni0', ['veth1', 'veth2']]]],
        [
          'pods',
          [
            ['veth1', []],
            ['veth2', []],
          ],
        ],
        ['host', [['lo', []]]],
      ],
    );
  });

  it('knows a node of which nothing is known', () => {
    assert.deepEqual(interfaceGroups({ node: 'n', kernel: '', sysctls: {}, namespaces: [] }), []);
  });
});

describe('interface text', () => {
  it('describes by pod, else by addresses, and says when a link is down', () => {
    assert.equal(interfaceDescription(link({ pod: pod('web-1'), addresses: ['fe80::1/64'] })), 'shop/web-1');
    assert.equal(
      interfaceDescription(link({ addresses: ['10.0.0.1/24', 'fd00::1/64'] })),
      '10.0.0.1/24 fd00::1/64',
    );
    assert.equal(interfaceDescription(link({ addresses: ['fe80::1/64'] })), '');
    assert.equal(interfaceDescription(link({ state: 'down' })), 'down');
  });

  it('tells the facts as name and value', () => {
    const facts = new Map(
      interfaceFacts(link({ kind: 'veth', peer: { netns: 7, ifindex: 2, name: 'eth0' } })),
    );
    assert.equal(facts.get('Kind'), 'veth');
    assert.equal(facts.get('Peer'), 'eth0 (2) in namespace 7');
    assert.equal(facts.get('Received'), '1 packet, 2.0 kB');
  });
});
