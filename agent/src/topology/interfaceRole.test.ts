import assert from 'node:assert/strict';
import type { Link, RouteEntry } from '../../native/index.d.ts';
import { interfaceRole } from './interfaceRole.ts';

function link(changes: Partial<Link>): Link {
  return {
    ...{
      ifindex: 2,
      name: 'x',
      kind: '',
      type: 1,
      flags: 0,
      mac: '',
      mtu: 1500,
      state: 'up',
      master: 0,
      link: 0,
    },
    ...{
      linkNetnsid: -1,
      promiscuity: 0,
      tunnelPort: 0,
      tunnel: null,
      bridge: null,
      port: null,
      receivedPackets: 0,
      receivedBytes: 0,
      receivedDropped: 0,
    },
    ...{ sentPackets: 0, sentBytes: 0, sentDropped: 0 },
    ...changes,
  };
}

function route(destination: string, gateway: string | null = null): RouteEntry {
  return {
    destination,
    gateway,
    ifindex: 2,
    table: 254,
    protocol: 2,
    scope: 0,
    type: 1,
    metric: 0,
    source: null,
  };
}

function role(changes: Partial<Link>, routes: RouteEntry[] = [], peerIsPod = false): string {
  return interfaceRole(link(changes), { routes, peerIsPod });
}

const VETH = { kind: 'veth', link: 9, linkNetnsid: 3 };

describe('role of an interface', () => {
  it('tells loopback, bridge and tunnels by their kind', () => {
    assert.equal(role({ type: 772 }), 'loopback');
    assert.equal(role({ kind: 'bridge' }, [route('0.0.0.0/0', '10.0.0.1')]), 'bridge');
    for (const kind of ['vxlan', 'geneve', 'ipip', 'gre', 'sit', 'wireguard']) {
      assert.equal(role({ kind }), 'tunnel');
    }
  });

  it('takes what carries the default route for the uplink, a veth too', () => {
    assert.equal(role({}, [route('0.0.0.0/0', '10.0.0.1')]), 'uplink');
    assert.equal(role(VETH, [route('10.0.0.0/24'), route('0.0.0.0/0', '10.0.0.1')]), 'uplink');
    assert.equal(role({}, [route('10.0.0.0/24')]), 'uplink');
    assert.equal(role({ master: 5 }), 'uplink');
    assert.equal(role({}), 'other');
    assert.equal(role({}, [route('fe80::/64')]), 'other');
  });

  it('takes a veth for a pod’s by its peer, its bridge or its host route', () => {
    assert.equal(role(VETH, [], true), 'pod-veth');
    assert.equal(role({ ...VETH, master: 5 }), 'pod-veth');
    assert.equal(role(VETH, [route('10.244.0.2/32')]), 'pod-veth');
    assert.equal(role(VETH, [route('fd00::2/128')]), 'pod-veth');
    assert.equal(role(VETH), 'host-veth');
    assert.equal(role({ ...VETH, linkNetnsid: -1 }), 'host-veth');
    assert.equal(role(VETH, [route('10.0.0.0/24')]), 'uplink');
  });
});
