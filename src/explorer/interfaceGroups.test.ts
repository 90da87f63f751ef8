import assert from 'node:assert/strict';
import type { InterfaceTopology, NamespaceTopology, Topology } from '../model/topology.ts';
import { InterfaceFilter } from './interfaceFilter.ts';
import { interfaceGroups } from './interfaceGroups.ts';
import { addressText, interfaceDescription, interfaceFacts } from './interfaceText.ts';

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

function namespace(inode: number, interfaces: readonly InterfaceTopology[]): NamespaceTopology {
  const path = `/proc/${inode}/ns/net`;
  return { inode, path, pod: null, routes: [], neighbours: [], fdb: [], sockets: [], interfaces };
}

function node(...interfaces: InterfaceTopology[]): Topology {
  return { node: 'node-a', kernel: '6.18', sysctls: {}, namespaces: [namespace(1, interfaces)] };
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
        interfaces.map(({ of, ports }) => [of.name, ports.map((port) => port.of.name)]),
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

  it('keeps what passes a filter, ports with their bridge and a bridge with its ports', () => {
    const inside = {
      ...namespace(7, [link({ ifindex: 2, name: 'eth0', addresses: ['10.244.0.9/24'] })]),
      pod: { namespace: 'shop', name: 'web-1', uid: 'u' },
    };
    const own = node(
      link({ ifindex: 2, name: 'eth0', role: 'uplink', addresses: ['192.0.2.1/24'] }),
      link({ ifindex: 3, name: 'cni0', role: 'bridge', kind: 'bridge' }),
      link({
        ...{ ifindex: 4, name: 'veth4', role: 'pod-veth', kind: 'veth', master: 3, pod: pod('web-1') },
        peer: { netns: 7, ifindex: 2, name: 'eth0' },
      }),
      link({ ifindex: 5, name: 'veth5', role: 'pod-veth', master: 3, pod: pod('api-1') }),
    );
    const topology = { ...own, namespaces: [...own.namespaces, inside] };
    const shown = (text: string): unknown =>
      interfaceGroups(topology, new InterfaceFilter(text)).map(({ name, interfaces }) => [
        name,
        ...interfaces.map(({ of, ports }) => [of.name, ...ports.map((port) => port.of.name)]),
      ]);
    assert.deepEqual(shown('SHOP/web'), [
      ['bridges', ['cni0', 'veth4']],
      ['pods', ['veth4']],
    ]);
    assert.deepEqual(shown('10.244.0.9'), shown('shop/web'), 'the address of the pod’s end');
    assert.deepEqual(shown('cni0'), [['bridges', ['cni0', 'veth5', 'veth4']]]);
    assert.deepEqual(shown('uplink 192.0.2'), [['uplinks', ['eth0']]]);
    assert.deepEqual(shown('shop uplink'), []);
    assert.deepEqual(shown(' '), shown(''));
  });

  it('knows a node of which nothing is known', () => {
    assert.deepEqual(interfaceGroups({ node: 'n', kernel: '', sysctls: {}, namespaces: [] }), []);
  });
});

describe('interface text', () => {
  it('tells addresses, those of the link itself apart, and says when it is down', () => {
    assert.equal(addressText(link({ addresses: ['10.0.0.1/24', 'fd00::1/64'] })), '10.0.0.1/24 fd00::1/64');
    assert.equal(addressText(link({ addresses: ['fe80::1/64'] })), '');
    assert.equal(interfaceDescription(link({ state: 'down' }), 'shop/web-1', null), 'shop/web-1 · down');
    assert.equal(interfaceDescription(link({ state: 'down' }), '', null), 'down');
  });

  it('says first how much passes, and nothing where nothing does', () => {
    const at = (receivedBytes: number, sentBytes: number): string =>
      interfaceDescription(link({}), 'shop/web-1', {
        ...{
          receivedPackets: 0,
          receivedBytes,
          receivedDropped: 0,
          sentPackets: 0,
          sentBytes,
          sentDropped: 0,
        },
      });
    assert.equal(at(1_000_000, 250_000), '1.3 MB/s · shop/web-1');
    assert.equal(at(0, 42), '< 1 kB/s · shop/web-1');
    assert.equal(at(0, 0), 'shop/web-1');
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
