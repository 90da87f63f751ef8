import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { InterfaceTopology, NamespaceTopology, Route, SocketEntry } from '../model/topology.ts';
import { neighbourFacts, routeFacts, socketFacts } from './podFacts.ts';

const ETH0 = { ifindex: 2, name: 'eth0' } as InterfaceTopology;

function namespace(parts: Partial<NamespaceTopology>): NamespaceTopology {
  return {
    ...{ inode: 7, path: '/proc/7/ns/net', pod: null, interfaces: [ETH0] },
    ...{ routes: [], neighbours: [], fdb: [], sockets: [] },
    ...parts,
  };
}

function route(parts: Partial<Route>): Route {
  const base = { destination: '0.0.0.0/0', gateway: null, ifindex: 2, table: 254 };
  return { ...base, protocol: 'boot', source: null, ...parts };
}

function socket(parts: Partial<SocketEntry>): SocketEntry {
  return {
    ...{ protocol: 'tcp', local: '0.0.0.0:80', remote: '0.0.0.0:0', state: 'listen' },
    ...{ cgroup: null, pod: null, container: null },
    ...parts,
  };
}

describe('facts of a pod’s namespace', () => {
  it('tells routes as ip does, the main table first and the local one last', () => {
    const routes = [
      route({ destination: '10.244.0.9/32', table: 255, type: 'local', source: '10.244.0.9' }),
      route({ gateway: '10.244.0.1' }),
      route({ destination: '192.0.2.0/24', table: 9, type: 'blackhole', ifindex: null }),
      route({ destination: '10.244.0.0/24', source: '10.244.0.9', metric: 100 }),
    ];
    const facts = routeFacts(namespace({ routes }));
    assert.deepEqual(
      facts.map(({ label, description }) => `${label} ${description}`),
      [
        'default via 10.244.0.1 dev eth0',
        '10.244.0.0/24 dev eth0',
        '192.0.2.0/24 blackhole table 9',
        '10.244.0.9/32 local dev eth0 table local',
      ],
    );
    assert.deepEqual(
      facts.map(({ copies }) => copies.text),
      [
        'default via 10.244.0.1 dev eth0',
        '10.244.0.0/24 dev eth0 src 10.244.0.9 metric 100',
        'blackhole 192.0.2.0/24 table 9',
        'local 10.244.0.9/32 dev eth0 table local src 10.244.0.9',
      ],
    );
  });

  it('tells neighbours with what can be copied of them', () => {
    const [known, unknown] = neighbourFacts(
      namespace({
        neighbours: [
          { address: '10.244.0.1', mac: '02:00:00:00:00:01', ifindex: 2, state: 'reachable' },
          { address: '10.244.0.7', mac: null, ifindex: 2, state: 'failed' },
        ],
      }),
    );
    assert.equal(known?.description, '02:00:00:00:00:01 dev eth0 reachable');
    assert.equal(known.copies.text, '10.244.0.1 dev eth0 lladdr 02:00:00:00:00:01 reachable');
    assert.deepEqual(unknown?.copies, { text: '10.244.0.7 dev eth0 failed', address: '10.244.0.7' });
  });

  it('tells sockets: who waits first, and the words that their flows have', () => {
    const facts = socketFacts([
      socket({ local: '10.244.0.9:40000', remote: '10.96.0.10:443', state: 'established' }),
      socket({ local: '[::]:8080', remote: '[::]:0', container: 'server' }),
      socket({ protocol: 'udp', local: '0.0.0.0:53', state: 'unconnected' }),
    ]);
    assert.deepEqual(
      facts.map(({ label, description, words }) => [label, description, words]),
      [
        ['tcp [::]:8080', 'listen · server', ':8080'],
        ['udp 0.0.0.0:53', 'unconnected', ':53'],
        ['tcp :40000 → 10.96.0.10:443', 'established', ':40000 10.96.0.10'],
      ],
    );
    assert.equal(facts[0]?.copies.address, '::');
  });

  it('gives every row a key of its own, which does not depend on the order', () => {
    const anySocket = fc.record({
      local: fc.constantFrom('0.0.0.0:80', '0.0.0.0:81', '10.0.0.1:80'),
      state: fc.constantFrom('listen', 'established'),
    });
    fc.assert(
      fc.property(fc.array(anySocket, { maxLength: 12 }), (parts) => {
        const sockets = parts.map(socket);
        const keys = (of: readonly SocketEntry[]): string[] => socketFacts(of).map(({ key }) => key);
        assert.equal(new Set(keys(sockets)).size, sockets.length);
        assert.deepEqual(keys([...sockets].reverse()).sort(), keys(sockets).sort());
      }),
    );
  });
});
