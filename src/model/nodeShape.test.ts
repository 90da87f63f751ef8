import assert from 'node:assert/strict';
import { nodeShape } from './nodeShape.ts';
import { wirings } from './path/wiring.fixture.ts';
import type { InterfaceTopology, NamespaceTopology } from './topology.ts';

function nodeOf(...args: Parameters<typeof wirings>): NamespaceTopology {
  const [own] = wirings(...args)[0]?.namespaces ?? [];
  assert.ok(own);
  return own;
}

describe('shape of a node', () => {
  it('is told by where its pods are wired to, and how others are reached', () => {
    assert.equal(nodeShape(nodeOf('hostgw')), 'bridge');
    assert.equal(nodeShape(nodeOf('vxlan')), 'bridge-tunnel');
    assert.equal(nodeShape(nodeOf('ptp')), 'routed-veth');
  });

  it('is a bridge where a tunnel is there and leads nowhere', () => {
    const own = nodeOf('vxlan');
    const routes = own.routes.map((route) => (route.ifindex === 4 ? { ...route, ifindex: 2 } : route));
    const linkLocal = { ...own.routes[0], destination: 'fe80::/64', ifindex: 4 } as (typeof own.routes)[0];
    assert.equal(nodeShape({ ...own, routes: [...routes, linkLocal] }), 'bridge');
  });

  it('is Cilium by its interface, whatever else there is', () => {
    for (const shape of ['hostgw', 'vxlan', 'ptp'] as const) {
      const own = nodeOf(shape);
      const host = { ...own.interfaces[0], ifindex: 90, name: 'cilium_host' } as InterfaceTopology;
      assert.equal(nodeShape({ ...own, interfaces: [...own.interfaces, host] }), 'cilium');
    }
  });

  it('is not known of a host without pods, and with another’s bridge alone', () => {
    const own = nodeOf('hostgw');
    const interfaces = own.interfaces.filter(({ role }) => role !== 'pod-veth');
    assert.equal(nodeShape({ ...own, interfaces }), 'unknown');
  });
});
