import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

import type { LinkChange } from '../index.d.ts';
import { addon } from './addon.ts';
import { VethPair } from './vethPair.ts';

interface IpLink {
  ifindex: number;
  ifname: string;
  link_type: string;
  address: string;
  mtu: number;
  operstate: string;
  promiscuity: number;
  master?: string;
  link_index?: number;
  link_netnsid?: number;
  linkinfo?: { info_kind?: string; info_data?: { port?: number } };
  stats64: { rx: { packets: number; bytes: number }; tx: { packets: number; bytes: number } };
}

describe('netlink', function () {
  this.timeout(20_000);
  let pair: VethPair;

  before(() => {
    pair = new VethPair();
    const { left, right } = pair;
    left.run('ip', 'link', 'add', 'bridge0', 'type', 'bridge');
    left.run('ip', 'link', 'add', 'port0', 'type', 'veth', 'peer', 'name', 'port1');
    left.run('ip', 'link', 'set', 'port0', 'master', 'bridge0');
    left.run(
      'ip',
      'link',
      'add',
      'vxlan0',
      'type',
      'vxlan',
      'id',
      '7',
      'dstport',
      '14789',
      'remote',
      right.ipv4,
    );
    for (const name of ['bridge0', 'port0', 'port1', 'vxlan0']) left.run('ip', 'link', 'set', name, 'up');
    left.run('bridge', 'fdb', 'add', '02:00:00:00:00:99', 'dev', 'port0', 'master', 'static');
    left.run('ip', 'route', 'add', '10.50.0.0/16', 'via', right.ipv4, 'src', left.ipv4);
    left.run(
      'ip',
      'route',
      'add',
      '10.51.0.0/16',
      'nexthop',
      'via',
      right.ipv4,
      'nexthop',
      'via',
      '10.9.9.3',
    );
    left.run('ip', 'route', 'add', '10.50.0.0/16', 'via', '10.9.9.4', 'metric', '77');
    left.run('ip', 'route', 'add', 'blackhole', '10.52.0.0/16', 'table', '1000');
    left.run('ip', '-6', 'route', 'add', 'default', 'via', right.ipv6);
    left.run(
      'ip',
      'neighbour',
      'add',
      '10.9.9.77',
      'lladdr',
      '02:00:00:00:00:77',
      'dev',
      left.name,
      'nud',
      'permanent',
    );
    left.run('busybox', 'ping', '-c', '1', right.ipv4);
  });

  after(() => {
    pair.remove();
  });

  function ip<T>(...args: string[]): T[] {
    return JSON.parse(pair.left.run('ip', '-j', ...args)) as T[];
  }

  it('lists links as ip does', () => {
    const expected = ip<IpLink>('-d', '-s', 'link', 'show');
    const links = pair.left.netns.links();
    const nameOf = (ifindex: number): string | undefined =>
      expected.find((link) => link.ifindex === ifindex)?.ifname;
    assert.deepEqual(
      links.map((link) => ({
        ifindex: link.ifindex,
        name: link.name,
        kind: link.kind,
        mac: link.mac,
        mtu: link.mtu,
        state: link.state,
        promiscuity: link.promiscuity,
        tunnelPort: link.tunnelPort,
        master: nameOf(link.master),
        sent: link.sentPackets,
        received: link.receivedBytes,
      })),
      expected.map((link) => ({
        ifindex: link.ifindex,
        name: link.ifname,
        kind: link.linkinfo?.info_kind ?? '',
        mac: link.address,
        mtu: link.mtu,
        state: link.operstate.toLowerCase(),
        promiscuity: link.promiscuity,
        tunnelPort: link.linkinfo?.info_data?.port ?? 0,
        master: link.master,
        sent: link.stats64.tx.packets,
        received: link.stats64.rx.bytes,
      })),
    );
    const veth = links.find((link) => link.name === pair.left.name);
    assert.equal(veth?.link, pair.right.ifindex);
    assert.equal(veth.linkNetnsid, pair.left.netns.idOf(pair.right.netns));
    assert(veth.linkNetnsid >= 0);
    assert.equal(pair.left.netns.idOf(pair.left.netns), -1);
    assert.equal(links.find((link) => link.name === 'vxlan0')?.tunnelPort, 14_789);
    assert.equal(links.find((link) => link.name === 'lo')?.type, 772);
    assert.equal(links.find((link) => link.name === 'port0')?.linkNetnsid, -1);
  });

  it('lists addresses as ip does', () => {
    const expected = ip<{ ifindex: number; addr_info: { local: string; prefixlen: number }[] }>(
      'address',
      'show',
    );
    assert.deepEqual(
      pair.left.netns
        .addresses()
        .map(({ ifindex, address }) => `${ifindex} ${address}`)
        .sort(),
      expected
        .flatMap(({ ifindex, addr_info }) =>
          addr_info.map(({ local, prefixlen }) => `${ifindex} ${local}/${prefixlen}`),
        )
        .sort(),
    );
  });

  it('lists routes as ip does', () => {
    interface IpRoute {
      type?: string;
      dst: string;
      gateway?: string;
      dev?: string;
      prefsrc?: string;
      metric?: number;
      nexthops?: { gateway: string; dev: string }[];
    }
    const names = new Map(pair.left.netns.links().map((link) => [link.ifindex, link.name]));
    for (const [option, family, whole] of [
      ['-4', '.', '/32'],
      ['-6', ':', '/128'],
    ] as const) {
      const expected = ip<IpRoute>(option, 'route', 'show', 'table', 'all').flatMap((route) =>
        (route.nexthops ?? [route]).map((hop) => {
          const destination = route.dst === 'default' ? (family === '.' ? '0.0.0.0/0' : '::/0') : route.dst;
          return [
            destination.includes('/') ? destination : destination + whole,
            hop.gateway ?? null,
            hop.dev ?? null,
            route.prefsrc ?? null,
            route.metric ?? 0,
          ].join(' ');
        }),
      );
      const routes = pair.left.netns
        .routes()
        .filter((route) => route.destination.includes(family))
        .map((route) =>
          [
            route.destination,
            route.gateway,
            names.get(route.ifindex) ?? null,
            route.source,
            route.metric,
          ].join(' '),
        );
      assert.deepEqual(routes.sort(), expected.sort());
    }
    const blackhole = pair.left.netns.routes().find((route) => route.destination === '10.52.0.0/16');
    assert.deepEqual([blackhole?.table, blackhole?.type, blackhole?.ifindex], [1000, 6, 0]);
  });

  it('tells tunnels, bridges and ports as ip and bridge do', () => {
    const { left, right } = pair;
    const made = [
      ['geneve0', 'geneve', 'id', '9', 'remote', right.ipv6, 'dstport', '16081'],
      ['gre0x', 'gre', 'local', left.ipv4, 'remote', right.ipv4],
      ['ipip0x', 'ipip', 'local', left.ipv4, 'remote', right.ipv4],
      ['sit0x', 'sit', 'local', left.ipv4],
      ['ip6tnl0x', 'ip6tnl', 'local', left.ipv6, 'remote', right.ipv6],
      ['vxlan1', 'vxlan', 'id', '16777215', 'dstport', '8472', 'local', left.ipv6],
      ['bridge1', 'bridge', 'nf_call_iptables', '1'],
      ['bridge2', 'bridge', 'vlan_filtering', '1'],
    ].flatMap(([name = '', ...kind]) => {
      try {
        left.run('ip', 'link', 'add', name, 'type', ...kind);
        return [name];
      } catch (error) {
        // Not every kernel has every kind of tunnel, or VLAN filtering.
        if (/Unknown device type|not supported/i.test(String(error))) return [];
        throw error;
      }
    });
    for (const flag of ['hairpin', 'isolated']) left.run('bridge', 'link', 'set', 'dev', 'port0', flag, 'on');
    left.run('bridge', 'link', 'set', 'dev', 'port0', 'learning', 'off');
    assert(made.includes('vxlan1'));
    interface Details {
      ifname: string;
      linkinfo?: {
        info_kind?: string;
        info_data?: Record<string, string | number | boolean>;
        info_slave_data?: {
          state: string;
          hairpin: boolean;
          isolated: boolean;
          learning: boolean;
          flood: boolean;
        };
      };
    }
    const end = (address: unknown): unknown =>
      address === undefined || address === 'any' || address === '::' ? null : address;
    const links = left.netns.links();
    let tunnels = 0;
    for (const { ifname, linkinfo } of ip<Details>('-d', 'link', 'show')) {
      const link = links.find(({ name }) => name === ifname);
      const data = linkinfo?.info_data;
      const kind = linkinfo?.info_kind ?? '';
      if (/^(?:vxlan|geneve|gre|ipip|sit|ip6tnl)/.test(kind)) {
        tunnels += 1;
        assert.deepEqual(link?.tunnel, {
          id: data?.id ?? null,
          local: end(data?.local ?? data?.local6),
          remote: end(data?.remote ?? data?.remote6 ?? data?.group ?? data?.group6),
        });
      } else {
        assert.equal(link?.tunnel, null);
      }
      assert.deepEqual(
        link.bridge,
        kind === 'bridge'
          ? {
              vlanFiltering: data?.vlan_filtering === 1,
              callsIptables: data?.nf_call_iptables === 1,
              callsIp6tables: data?.nf_call_ip6tables === 1,
            }
          : null,
      );
      const port = linkinfo?.info_slave_data;
      assert.deepEqual(
        link.port,
        port === undefined
          ? null
          : {
              state: ['disabled', 'listening', 'learning', 'forwarding', 'blocking'].indexOf(port.state),
              hairpin: port.hairpin,
              isolated: port.isolated,
              learning: port.learning,
              flood: port.flood,
            },
      );
    }
    assert(tunnels >= 2);
    const port = links.find(({ name }) => name === 'port0')?.port;
    assert.deepEqual([port?.hairpin, port?.isolated, port?.learning], [true, true, false]);
    const bridge = links.find(({ name }) => name === 'bridge1')?.bridge;
    assert.deepEqual(bridge, { vlanFiltering: false, callsIptables: true, callsIp6tables: false });
    for (const name of made) left.run('ip', 'link', 'delete', name);
    for (const flag of ['hairpin', 'isolated']) {
      left.run('bridge', 'link', 'set', 'dev', 'port0', flag, 'off');
    }
  });

  it('lists rules as ip does', () => {
    const { left } = pair;
    const added = [
      ['-4', 'from', '10.70.0.0/16', 'to', '10.71.0.1', 'table', '1000', 'priority', '100'],
      ['-4', 'fwmark', '0x200/0xf00', 'table', '2004', 'priority', '9'],
      ['-4', 'not', 'iif', left.name, 'blackhole', 'priority', '101'],
      ['-4', 'oif', left.name, 'unreachable', 'priority', '102'],
      ['-4', 'from', '10.72.0.0/16', 'goto', '32766', 'priority', '103'],
      ['-4', 'table', 'main', 'suppress_prefixlength', '0', 'priority', '104'],
      ['-4', 'ipproto', 'tcp', 'dport', '80', 'table', '1000', 'priority', '105'],
      ['-6', 'from', 'fd70::/64', 'prohibit', 'priority', '100'],
    ] as const;
    for (const [family, ...rule] of added) left.run('ip', family, 'rule', 'add', ...rule);
    interface IpRule {
      priority: number;
      src: string;
      srclen?: number;
      dst?: string;
      dstlen?: number;
      iif?: string;
      oif?: string;
      not?: null;
      fwmark?: string;
      fwmask?: string;
      table?: string;
      action?: string;
      goto?: number;
      suppress_prefixlen?: number;
      ipproto?: string;
    }
    const tables = new Map([
      ['local', 255],
      ['main', 254],
      ['default', 253],
    ]);
    const actions = new Map([
      ['blackhole', 6],
      ['unreachable', 7],
      ['prohibit', 8],
    ]);
    const rules = left.netns.rules();
    for (const [option, family, whole] of [
      ['-4', 4, 32],
      ['-6', 6, 128],
    ] as const) {
      const prefix = (address: string | undefined, length: number | undefined): string | null =>
        address === undefined || address === 'all' ? null : `${address}/${length ?? whole}`;
      const expected = ip<IpRule>(option, 'rule', 'show').map((rule) => ({
        family,
        priority: rule.priority,
        source: prefix(rule.src, rule.srclen),
        destination: prefix(rule.dst, rule.dstlen),
        incoming: rule.iif ?? null,
        outgoing: rule.oif ?? null,
        mark: Number(rule.fwmark ?? 0),
        mask: rule.fwmark === undefined ? 0 : Number(rule.fwmask ?? 0xffff_ffff),
        table: rule.table === undefined ? 0 : (tables.get(rule.table) ?? Number(rule.table)),
        action: rule.goto === undefined ? (actions.get(rule.action ?? '') ?? 1) : 2,
        target: rule.goto ?? 0,
        suppressedPrefixLength: rule.suppress_prefixlen ?? -1,
        inverted: rule.not === null,
        hasFurtherConditions: rule.ipproto !== undefined,
      }));
      assert.deepEqual(
        rules.filter((rule) => rule.family === family),
        expected,
      );
    }
    assert(rules.length >= added.length + 5);
    for (const [family, ...rule] of added) left.run('ip', family, 'rule', 'delete', ...rule);
  });

  it('lists neighbours and forwarding entries as ip and bridge do', () => {
    const neighbours = ip<{ dst: string; dev: string; lladdr?: string; state: string[] }>(
      'neighbour',
      'show',
      'nud',
      'all',
    );
    const names = new Map(pair.left.netns.links().map((link) => [link.ifindex, link.name]));
    assert.deepEqual(
      pair.left.netns
        .neighbours()
        .map((entry) => [entry.address, names.get(entry.ifindex), entry.mac].join(' '))
        .sort(),
      neighbours.map((entry) => [entry.dst, entry.dev, entry.lladdr ?? null].join(' ')).sort(),
    );
    const permanent = pair.left.netns.neighbours().find((entry) => entry.address === '10.9.9.77');
    assert.equal(permanent?.state, 0x80);

    const fdb = JSON.parse(pair.left.run('bridge', '-j', 'fdb', 'show')) as {
      mac: string;
      ifname: string;
      dst?: string;
    }[];
    const forwarding = pair.left.netns.forwarding();
    assert.deepEqual(
      forwarding.map((entry) => [entry.mac, names.get(entry.ifindex), entry.address].join(' ')).sort(),
      fdb.map((entry) => [entry.mac, entry.ifname, entry.dst ?? null].join(' ')).sort(),
    );
    assert(forwarding.some((entry) => entry.address === pair.right.ipv4));
  });

  it("reads sysctls of the namespace, not of the process's own", () => {
    pair.left.run('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
    assert.equal(pair.left.netns.sysctl('net/ipv4/ip_forward'), '1');
    assert.equal(pair.right.netns.sysctl('net/ipv4/ip_forward'), '0');
    assert.equal(pair.left.netns.sysctl('net/ipv4/there_is_none'), null);
  });

  it('reports changes, and none after close', async () => {
    const changes: LinkChange[] = [];
    const watch = pair.left.netns.watch((change) => changes.push(change));
    const waitFor = async (kind: LinkChange['kind'], removed: boolean, ifindex: number): Promise<void> => {
      const isIt = (change: LinkChange): boolean =>
        change.kind === kind &&
        change.removed === removed &&
        change.ifindex === ifindex &&
        change.nsid === -1;
      for (let tries = 0; tries < 100 && !changes.some(isIt); tries += 1) await setTimeout(20);
      assert(changes.some(isIt), `no ${kind} change of ${ifindex}`);
    };
    pair.left.run('ip', 'link', 'add', 'later0', 'type', 'veth', 'peer', 'name', 'later1');
    const ifindex = pair.left.netns.links().find((link) => link.name === 'later0')?.ifindex ?? 0;
    await waitFor('link', false, ifindex);
    pair.left.run('ip', 'link', 'set', 'later0', 'up');
    pair.left.run('ip', 'address', 'add', '10.60.0.1/24', 'dev', 'later0');
    await waitFor('address', false, ifindex);
    pair.left.run('ip', 'link', 'set', 'later1', 'up');
    await waitFor('route', false, ifindex);
    pair.left.run('ip', 'neighbour', 'add', '10.60.0.2', 'lladdr', '02:00:00:00:00:02', 'dev', 'later0');
    await waitFor('neighbour', false, ifindex);
    pair.left.run('ip', 'link', 'delete', 'later0');
    await waitFor('link', true, ifindex);

    const before = changes.length;
    const toldSince = (kind: LinkChange['kind'], removed: boolean): boolean =>
      changes.slice(before).some((change) => change.kind === kind && change.removed === removed);
    const waitSince = async (kind: LinkChange['kind'], removed: boolean): Promise<void> => {
      for (let tries = 0; tries < 100 && !toldSince(kind, removed); tries += 1) await setTimeout(20);
      assert(toldSince(kind, removed), `no ${kind} change`);
    };
    pair.left.run('ip', 'rule', 'add', 'from', '10.61.0.0/16', 'table', '1000', 'priority', '900');
    await waitSince('rule', false);
    pair.left.run('ip', '-6', 'rule', 'add', 'from', 'fd61::/64', 'table', '1000', 'priority', '900');
    pair.left.run('ip', 'rule', 'delete', 'priority', '900');
    await waitSince('rule', true);
    const forwarding = pair.left.netns.sysctl('net/ipv4/ip_forward') === '1' ? '0' : '1';
    pair.left.run('sysctl', '-q', '-w', `net.ipv4.ip_forward=${forwarding}`);
    await waitSince('setting', false);
    pair.left.run('bridge', 'link', 'set', 'dev', 'port0', 'isolated', 'on');
    await waitSince('port', false);
    pair.left.run('bridge', 'link', 'set', 'dev', 'port0', 'isolated', 'off');

    // It leaves its bridge, which is told in the bridge's family as if it were gone: it is not.
    pair.left.run('ip', 'link', 'set', 'port0', 'nomaster');
    await waitSince('port', true);
    assert(!toldSince('link', true));
    pair.left.run('ip', 'link', 'set', 'port0', 'master', 'bridge0');

    // What happens in a namespace at the other end of a wire comes with the id that it has here.
    pair.right.run('ip', 'address', 'add', '10.62.0.1/24', 'dev', pair.right.name);
    const id = pair.left.netns.idOf(pair.right.netns);
    const isFar = (change: LinkChange): boolean =>
      change.kind === 'address' && change.nsid === id && change.ifindex === pair.right.ifindex;
    for (let tries = 0; tries < 100 && !changes.some(isFar); tries += 1) await setTimeout(20);
    assert(changes.some(isFar));
    pair.right.run('ip', 'address', 'delete', '10.62.0.1/24', 'dev', pair.right.name);

    watch.close();
    const seen = changes.length;
    pair.left.run('ip', 'link', 'add', 'later0', 'type', 'veth', 'peer', 'name', 'later1');
    pair.left.run('ip', 'link', 'delete', 'later0');
    await setTimeout(100);
    assert.equal(changes.length, seen);
  });

  it('keeps its own namespace while it reads another', () => {
    const own = new addon.NetworkNamespace('/proc/self/ns/net');
    const before = own.inode;
    for (let round = 0; round < 20; round += 1) pair.left.netns.sysctl('net/ipv4/ip_forward');
    const after = new addon.NetworkNamespace('/proc/self/ns/net');
    assert.equal(after.inode, before);
    assert.notEqual(pair.left.netns.inode, before);
    own.close();
    after.close();
  });
});
