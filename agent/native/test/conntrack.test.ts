import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

import { keyOf } from '../../src/collector/flowKey.fixture.ts';
import { addon } from './addon.ts';
import { entriesOf, listedByConntrack, parseEntry } from './conntrackTable.ts';
import type { Entry } from './conntrackTable.ts';
import { datagrams, stream } from './traffic.ts';
import { VethPair } from './vethPair.ts';

const SERVICE = { ipv4: '10.9.9.100', ipv6: 'fd09::100' };

describe('connection tracking', function () {
  this.timeout(60_000);
  let pair: VethPair;

  before(() => {
    pair = new VethPair();
    const { left, right } = pair;
    const nat = (command: string, ...rule: string[]): string => left.run(command, '-t', 'nat', '-A', ...rule);
    const toPort = ['-p', 'tcp', '--dport', '80', '-j', 'DNAT', '--to-destination'];
    nat('iptables', 'OUTPUT', '-d', SERVICE.ipv4, ...toPort, `${right.ipv4}:8080`);
    nat('ip6tables', 'OUTPUT', '-d', SERVICE.ipv6, ...toPort, `[${right.ipv6}]:8080`);
    nat('iptables', 'OUTPUT', '-d', SERVICE.ipv4, '-p', 'icmp', '-j', 'DNAT', '--to-destination', right.ipv4);
    const source = ['-j', 'SNAT', '--to-source', `${left.ipv4}:5000-5009`];
    nat('iptables', 'POSTROUTING', '-p', 'udp', '--dport', '7001', ...source);
    left.run(
      'iptables',
      '-t',
      'raw',
      '-A',
      'OUTPUT',
      '-p',
      'udp',
      '--dport',
      '7003',
      '-j',
      'CT',
      '--zone',
      '7',
    );
    left.run(
      'nft',
      'add table ip masquerading; add chain ip masquerading post { type nat hook postrouting priority 110; }; ' +
        'add rule ip masquerading post udp dport 7002 masquerade to :6000-6009',
    );
    left.run('sysctl', '-qw', 'net.netfilter.nf_conntrack_timestamp=1');
  });

  after(() => {
    pair.remove();
  });

  afterEach(() => {
    pair.left.run('conntrack', '-F');
  });

  /** TCP through DNAT of both families, ICMP through DNAT, UDP with SNAT, masquerade and neither, and in a zone. */
  async function talk(): Promise<void> {
    const { left, right } = pair;
    await stream(left, right, SERVICE.ipv4, 80, 10_000, 8080);
    await stream(left, right, SERVICE.ipv6, 80, 10_000, 8080);
    left.run('busybox', 'ping', '-c', '1', SERVICE.ipv4);
    left.run('busybox', 'ping', '-c', '1', right.ipv6);
    for (const port of [7000, 7001, 7002, 7003]) datagrams(left, right.ipv4, port, 2, 100);
  }

  it('is listed as conntrack lists it: both families, NAT, ICMP ids, zones, states', async () => {
    const began = Date.now();
    await talk();
    const earlier = listedByConntrack(pair.left);
    const entries = entriesOf(await pair.left.netns.conntrack('all')).sort((a, b) => a.id - b.id);
    const later = listedByConntrack(pair.left);
    assert.deepEqual(entries.map(plain), earlier.map(plain));
    assert.equal(entries.length, 8);
    entries.forEach(({ timeout, start, kind }, index) => {
      assert.ok(timeout <= (earlier[index]?.timeout ?? 0) && timeout >= (later[index]?.timeout ?? 0));
      assert.ok(start >= began - 100 && start <= Date.now(), `${start} is not between ${began} and now`);
      assert.equal(kind, 'listed');
    });
    const translated = entriesOf(await pair.left.netns.conntrack('translated'));
    assert.deepEqual(
      translated.map(({ id }) => id).sort((a, b) => a - b),
      entries.filter(isTranslated).map(({ id }) => id),
    );
    assert.equal(translated.length, 5);
  });

  it('tells of entries made and destroyed as conntrack -E does', async () => {
    const watch = pair.left.netns.watchConntrack('all');
    const translated = pair.left.netns.watchConntrack('translated');
    const lines: string[] = [];
    const args = [
      'netns',
      'exec',
      pair.left.name,
      'conntrack',
      '-E',
      '-e',
      'NEW,DESTROY',
      '-o',
      'extended,id',
    ];
    const reference = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    reference.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(text));
    try {
      await waitForListener(() => {
        datagrams(pair.left, pair.right.ipv4, 7999, 1, 10);
        return lines.length > 0;
      });
      await talk();
      pair.left.run('conntrack', '-D', '-p', 'udp', '--dport', '7002');
      const entries = entriesOf(watch.take().records);
      const told = entries.map((entry) => ({ kind: entry.kind, id: entry.id, original: entry.original }));
      assert.equal(told.filter(({ original }) => original.includes('dport=7002')).length, 2);
      await waitForListener(() => lines.join('').includes('[DESTROY]'));
      reference.kill('SIGINT');
      await once(reference, 'exit');
      const expected = lines
        .join('')
        .split('\n')
        .flatMap((line) => {
          const entry = parseEntry(line);
          const kind = line.includes('[NEW]') ? 'created' : 'destroyed';
          return entry === null ? [] : [{ kind, id: entry.id, original: entry.original }];
        });
      // It listened a little later than we did.
      assert.deepEqual(told.slice(-expected.length), expected);
      assert.ok(expected.length >= 10);
      const ofNat = entries.filter(isTranslated).map(({ id, kind }) => `${kind} ${id}`);
      assert.deepEqual(
        entriesOf(translated.take().records).map(({ id, kind }) => `${kind} ${id}`),
        ofNat,
      );
      assert.equal(watch.take().records.length, 0);
    } finally {
      reference.kill('SIGKILL');
      watch.close();
      translated.close();
    }
  });

  it('tells who began a connection, by the tuple of either direction, of as many as are asked for', async () => {
    await talk();
    const entries = listedByConntrack(pair.left).filter(
      (entry) => !isTranslated(entry) && entry.zone === 0 && entry.original.includes('sport'),
    );
    assert.ok(entries.length > 0);
    const asked = entries.map((entry) => {
      const [, from = '', to = '', fromPort, toPort] =
        /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/.exec(entry.original) ?? [];
      const ends = { from, fromPort: Number(fromPort), to, toPort: Number(toPort) };
      const there = keyOf({ ...ends, protocol: entry.protocol, netns: 1 });
      // What the other end would have sent from another port is no connection.
      const nowhere = keyOf({ ...ends, fromPort: 1, protocol: entry.protocol, netns: 1 });
      return { keys: [there.key, nowhere.key], expected: [there.fromHigh ? 2 : 1, 0] };
    });
    const all = Array.from({ length: 500 }, () => asked).flat();
    const answers = await pair.left.netns.conntrackInitiators(Buffer.concat(all.flatMap(({ keys }) => keys)));
    assert.deepEqual(
      [...answers],
      all.flatMap(({ expected }) => expected),
    );
    assert.throws(() => pair.left.netns.conntrackInitiators(Buffer.alloc(45)), /whole flow keys/);
  });

  it('counts overruns of the socket, and another dump has everything', async () => {
    const watch = pair.left.netns.watchConntrack('all', { receiveBytes: 4096, records: 1 });
    try {
      for (let port = 20_000; port < 20_040; port += 1) datagrams(pair.left, pair.right.ipv4, port, 1, 10);
      const first = watch.take();
      const second = watch.take();
      assert.equal(entriesOf(first.records).length, 1);
      assert.ok(first.overruns + second.overruns > 0);
      const entries = entriesOf(await pair.left.netns.conntrack('all'));
      assert.deepEqual(
        entries.map(({ id }) => id).sort((a, b) => a - b),
        listedByConntrack(pair.left).map(({ id }) => id),
      );
    } finally {
      watch.close();
    }
  });

  it('says what is wrong: an unknown selection, a closed watch and a closed namespace', () => {
    const { netns } = pair.left;
    assert.throws(() => netns.watchConntrack('some' as 'all'), /'all' or 'translated'/);
    const watch = netns.watchConntrack('all');
    watch.close();
    assert.throws(() => watch.take(), /conntrack watch is closed/);
    const closed = new addon.NetworkNamespace(pair.left.path);
    closed.close();
    assert.throws(() => closed.watchConntrack('all'), /network namespace is closed/);
  });

  it('holds nothing after close', async () => {
    const before = addon.openHandles();
    const watch = pair.left.netns.watchConntrack('all');
    assert.equal(addon.openHandles(), before + 1);
    watch.close();
    watch.close();
    await pair.left.netns.conntrack('all');
    await pair.left.netns.conntrackInitiators(Buffer.alloc(0));
    assert.equal(addon.openHandles(), before);
  });
});

async function waitForListener(ready: () => boolean): Promise<void> {
  for (let tries = 0; !ready(); tries += 1) {
    if (tries === 200) throw new Error('conntrack -E never told of anything');
    await setTimeout(50);
  }
}

function plain({ id, family, protocol, state, original, reply, zone, answered, assured }: Entry): Entry {
  return { id, family, protocol, state, original, reply, zone, answered, assured };
}

/** The answer does not come from where the question went, or does not go to where it came from. */
function isTranslated({ original, reply }: Entry): boolean {
  const ends = (tuple: string): string[] =>
    [...tuple.matchAll(/(?:src|dst|sport|dport)=(\S+)/g)].map(([, value = '']) => value);
  const [source, destination, from, to] = ends(original);
  return (
    JSON.stringify(ends(reply)) !==
    JSON.stringify([destination, source, to, from].filter((v) => v !== undefined))
  );
}
