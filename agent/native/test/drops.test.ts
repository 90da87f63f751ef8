/** Dropped packets against counters of nftables and of /proc/net/snmp, which other code in the kernel keeps. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { EVENT_BYTES, eventLength, viewOf } from '../../src/collector/flowLayout.ts';
import type { Closable, Collector, DropTotal } from '../index.d.ts';
import { addon, objectPath, openCollector } from './addon.ts';
import { entriesOf } from './conntrackTable.ts';
import { buildFrameSender, ethernet, ipv4, sendFrames, udp } from './frames.ts';
import { datagrams } from './traffic.ts';
import type { End } from './vethPair.ts';
import { VethPair } from './vethPair.ts';

const DROP = 4;
const FLOOD = 200_000;
const IP_HEADER = 14;
const reasons = addon.dropReasons();

interface DropEvent {
  netns: number;
  reason: string;
  ifindex: number;
  packets: number;
  length: number;
  protocol: number;
  /** Addresses and ports with the sender first. */
  from: string;
  to: string;
  /** What its packet would have begun, as a record of the connection tracking. */
  connection: Buffer;
}

function endText(buffer: Buffer, at: number, address: number, port: number): string {
  const bytes = buffer.subarray(at + address, at + address + 16);
  const isIpv4 = buffer.readUInt8(at + 41) === 4;
  const text = isIpv4 ? bytes.subarray(12).join('.') : bytes.toString('hex');
  return `${text}:${buffer.readUInt16LE(at + port)}`;
}

function readEvents(buffers: Buffer[]): DropEvent[] {
  const events: DropEvent[] = [];
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += eventLength(viewOf(buffer), at)) {
      assert.equal(buffer.readUInt16LE(at + 44), DROP);
      const low = endText(buffer, at, 0, 36);
      const high = endText(buffer, at, 16, 38);
      const fromHigh = (buffer.readUInt16LE(at + 46) & 1) === 1;
      events.push({
        netns: buffer.readUInt32LE(at + 32),
        reason: reasons[buffer.readUInt32LE(at + 64)] ?? '',
        ifindex: buffer.readUInt32LE(at + 56),
        packets: buffer.readUInt32LE(at + 68),
        length: buffer.readUInt32LE(at + 60),
        protocol: buffer.readUInt8(at + 40),
        from: fromHigh ? high : low,
        to: fromHigh ? low : high,
        connection: buffer.subarray(at + EVENT_BYTES, at + EVENT_BYTES + buffer.readUInt32LE(at + 72)),
      });
    }
  }
  return events;
}

/** An nftables chain that drops by one rule and counts what it dropped. */
function dropRule(end: End, hook: 'input' | 'output' | 'forward', match: string): () => Counted {
  const chain = `type filter hook ${hook} priority 0; policy accept;`;
  end.run('nft', `add table inet drops; add chain inet drops ${hook} { ${chain} }`);
  end.run('nft', `add rule inet drops ${hook} ${match} counter drop`);
  return () => {
    const listed = JSON.parse(end.run('nft', '-j', 'list', 'chain', 'inet', 'drops', hook)) as {
      nftables: { rule?: { expr: { counter?: Counted }[] } }[];
    };
    const found = listed.nftables.flatMap(({ rule }) => rule?.expr ?? []).find(({ counter }) => counter);
    assert(found?.counter);
    return found.counter;
  };
}

interface Counted {
  packets: number;
  bytes: number;
}

/** A counter of /proc/net/netstat or /proc/net/snmp, as nstat prints it. */
function kernelCounter(end: End, name: string): number {
  const found = new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(end.run('nstat', '-asz', name));
  assert(found, `nstat has no ${name}`);
  return Number(found[1]);
}

/** A datagram of 30 bytes to the end, as its link and IP layers take it. */
function datagram(to: End, port: number, source?: readonly number[]): Buffer {
  const frame = ethernet(0x0800, ipv4(udp(7, port, 30), { protocol: 17 }));
  const mac = to.netns.links().find(({ ifindex }) => ifindex === to.ifindex)?.mac ?? '';
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(frame);
  if (source) Buffer.from(source).copy(frame, IP_HEADER + 12);
  let sum = 0;
  for (let at = IP_HEADER; at < IP_HEADER + 20; at += 2) sum += frame.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  frame.writeUInt16BE(~sum & 0xffff, IP_HEADER + 10);
  return frame;
}

/** Datagrams to a neighbour that is not known yet wait for it, longer than their sender. */
function learnNeighbour(from: End, address: string): void {
  from.run('busybox', 'ping', '-c', '1', '-w', '10', address);
}

describe('dropped packets', function () {
  this.timeout(60_000);
  let pair: VethPair;
  let collector: Collector;
  /** Kept: a reader that is dropped stops. */
  let reader: Closable;
  let buffers: Buffer[];
  let indices: number[];

  before(() => buildFrameSender());

  beforeEach(() => {
    pair = new VethPair();
    collector = openCollector();
    buffers = [];
    reader = collector.events((records) => buffers.push(records));
    indices = collector.watchDrops([pair.left.netns.inode, pair.right.netns.inode]);
  });

  afterEach(() => {
    reader.close();
    collector.close();
    pair.remove();
  });

  const totalsOf = (end: End, reason: string): DropTotal[] =>
    collector
      .drops()
      .totals.filter(
        (total) => total.netns === indices[end === pair.left ? 0 : 1] && reasons[total.reason] === reason,
      );
  /** Waits for that many of a reason, or of any, and as long again as the reader sleeps, for any beyond. */
  const events = async (wanted: string | null, count: number): Promise<DropEvent[]> => {
    const found = (): DropEvent[] =>
      readEvents(buffers).filter(({ reason }) => wanted === null || reason === wanted);
    for (let tries = 0; tries < 100 && found().length < count; tries += 1) await setTimeout(50);
    await setTimeout(150);
    return found();
  };

  it('counts what a rule drops on arrival, with reason, interface and tuple', async () => {
    for (const address of [pair.right.ipv4, pair.right.ipv6]) learnNeighbour(pair.left, address);
    const dropped = dropRule(pair.right, 'input', 'udp dport 4000');
    for (const address of [pair.right.ipv4, pair.right.ipv6]) {
      datagrams(pair.left, address, 4000, 20, 100);
    }
    const counted = dropped();
    assert.equal(counted.packets, 40);
    const [total, ...others] = totalsOf(pair.right, 'NETFILTER_DROP');
    assert.deepEqual(others, []);
    assert.deepEqual([total?.ifindex, total?.packets, total?.bytes], [pair.right.ifindex, 40, counted.bytes]);
    const told = await events('NETFILTER_DROP', 40);
    assert.equal(told.length, 40);
    const v4 = told.filter(({ to }) => to === `${pair.right.ipv4}:4000`);
    assert.equal(v4.length, 20);
    assert(
      v4.every(
        ({ from, protocol, length }) => from.startsWith('10.9.9.1:') && protocol === 17 && length === 128,
      ),
    );
    assert.equal(told.filter(({ to }) => to === `fd09${'0'.repeat(27)}2:4000`).length, 20);
  });

  it('tells what DNAT had changed in the first packet of a connection, and says nothing of any other', async () => {
    const { left, right } = pair;
    for (const address of [right.ipv4, right.ipv6]) learnNeighbour(left, address);
    const service = { ipv4: '10.9.9.100', ipv6: 'fd09::100' };
    const toRight = (command: string, address: string, target: string): string =>
      left.run(
        command,
        '-t',
        'nat',
        '-A',
        'OUTPUT',
        '-d',
        address,
        '-p',
        'udp',
        '-j',
        'DNAT',
        '--to',
        target,
      );
    toRight('iptables', service.ipv4, `${right.ipv4}:4000`);
    toRight('ip6tables', service.ipv6, `[${right.ipv6}]:4000`);
    const postrouting = 'type filter hook postrouting priority 0; policy accept;';
    left.run('nft', `add table inet drops; add chain inet drops post { ${postrouting} }`);
    left.run('nft', 'add rule inet drops post udp dport 4000 drop');
    for (const address of [service.ipv4, service.ipv6]) {
      assert.throws(() => datagrams(left, address, 53, 1, 10), /EPERM/);
    }
    const told = (await events('NETFILTER_DROP', 2)).filter(({ to }) => to.endsWith(':4000'));
    assert.equal(told.length, 2);
    const connections = told.map(({ connection }) => entriesOf(connection)[0]);
    assert.deepEqual(
      connections.map((entry) => [entry?.kind, entry?.family, entry?.protocol, entry?.id]),
      [
        ['created', 'ipv4', 17, 0],
        ['created', 'ipv6', 17, 0],
      ],
    );
    const port = /sport=(\d+)/.exec(connections[0]?.original ?? '')?.[1] ?? '';
    assert.deepEqual(
      [connections[0]?.original, connections[0]?.reply],
      [
        `src=${left.ipv4} dst=${service.ipv4} sport=${port} dport=53`,
        `src=${right.ipv4} dst=${left.ipv4} sport=4000 dport=${port}`,
      ],
    );
    assert.match(connections[1]?.original ?? '', /^src=fd09::1 dst=fd09::100 /);
    left.run('nft', 'add rule inet drops post udp dport 53 drop');
    assert.throws(() => datagrams(left, right.ipv4, 53, 1, 10), /EPERM/);
    const plain = (await events('NETFILTER_DROP', 3)).filter(({ to }) => to.endsWith(':53'));
    assert.deepEqual(
      plain.map(({ connection }) => connection.length),
      [0],
    );
  });

  it('counts what is dropped before it has an interface, in the namespace that sends it', async () => {
    const dropped = dropRule(pair.left, 'output', 'udp dport 4000');
    assert.throws(() => datagrams(pair.left, pair.right.ipv4, 4000, 1, 10), /EPERM/);
    const counted = dropped();
    assert.equal(counted.packets, 1);
    const [total, ...others] = totalsOf(pair.left, 'NETFILTER_DROP');
    assert.deepEqual(others, []);
    assert.deepEqual([total?.ifindex, total?.packets, total?.bytes], [pair.left.ifindex, 1, counted.bytes]);
    const [told] = await events('NETFILTER_DROP', 1);
    assert.deepEqual([told?.to, told?.netns], [`${pair.right.ipv4}:4000`, indices[0]]);
  });

  it('names a port that nobody listens at, as UdpNoPorts counts', async () => {
    sendFrames(pair.left, [datagram(pair.right, 4002)], 'plain', 30);
    assert.equal(kernelCounter(pair.right, 'UdpNoPorts'), 30);
    assert.deepEqual(
      totalsOf(pair.right, 'NO_SOCKET').map(({ ifindex, packets }) => [ifindex, packets]),
      [[pair.right.ifindex, 30]],
    );
    const told = await events('NO_SOCKET', 30);
    assert.deepEqual([told.length, told[0]?.from, told[0]?.to], [30, '10.9.9.1:7', '10.9.9.2:4002']);
  });

  it('names the reverse path filter, as IPReversePathFilter counts', () => {
    pair.right.run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1');
    // The way back to it does not lead through the interface.
    const frame = datagram(pair.right, 4003, [192, 0, 2, 1]);
    sendFrames(pair.left, [frame], 'plain', 10);
    assert.equal(kernelCounter(pair.right, 'TcpExtIPReversePathFilter'), 10);
    assert.deepEqual(
      totalsOf(pair.right, 'IP_RPFILTER').map(({ packets }) => packets),
      [10],
    );
  });

  it('does not take an echo reply for lost that a raw socket has read', () => {
    for (const address of [pair.right.ipv4, pair.right.ipv6]) {
      const printed = pair.left.run('busybox', 'ping', '-c', '3', '-i', '0.1', '-w', '10', address);
      assert.match(printed, /3 packets received/);
    }
    assert.deepEqual(totalsOf(pair.left, 'NO_SOCKET'), []);
    assert.equal(collector.drops().unclaimed, 6);
  });

  it('keeps what the filter does not want out of totals and events, and counts it', async () => {
    collector.setFilter({ ports: [4006] });
    const dropped = dropRule(pair.right, 'input', 'udp dport 4006-4007');
    sendFrames(pair.left, [datagram(pair.right, 4006)], 'plain', 20);
    sendFrames(pair.left, [datagram(pair.right, 4007)], 'plain', 30);
    assert.equal(dropped().packets, 50);
    assert.deepEqual(
      totalsOf(pair.right, 'NETFILTER_DROP').map(({ packets }) => packets),
      [20],
    );
    assert(collector.drops().filtered >= 30);
    const told = await events(null, 20);
    assert.deepEqual([told.length, new Set(told.map(({ to }) => to))], [20, new Set(['10.9.9.2:4006'])]);
  });

  it('counts a flood exactly, tells of some and counts the rest', async () => {
    collector.setRate(DROP, 1000);
    const dropped = dropRule(pair.right, 'input', 'udp dport 4004');
    sendFrames(pair.left, [datagram(pair.right, 4004)], 'plain', FLOOD);
    const counted = dropped();
    assert.equal(counted.packets, FLOOD);
    assert.deepEqual(
      totalsOf(pair.right, 'NETFILTER_DROP').map(({ packets, bytes }) => ({ packets, bytes })),
      [counted],
    );
    // The namespaces drop a few packets of their own, multicast reports: nothing more is counted from here on.
    collector.watchDrops([]);
    const { totals, eventsLost, suppressed, mapFull, skipped } = collector.drops();
    const all = totals.reduce((sum, { packets }) => sum + packets, 0);
    const told = await events(null, all - suppressed - eventsLost);
    console.log(
      `      told ${told.length}, suppressed ${suppressed}, ring full ${eventsLost}, skipped ${skipped}`,
    );
    assert(told.length > 0 && suppressed > FLOOD / 2);
    assert.equal(told.length + suppressed + eventsLost, all);
    assert.equal(mapFull, 0);
  });

  it('leaves the collector at work where the program does not load, and says why', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vethscope-drops-'));
    try {
      copyFileSync(objectPath, join(folder, 'collector.bpf.o'));
      // Loads no program that the tracepoint could have.
      copyFileSync(objectPath, join(folder, 'drops.bpf.o'));
      const without = openCollector({ objectPath: join(folder, 'collector.bpf.o') });
      assert.match(without.dropsRefusal() ?? '', /has no such program/);
      assert.deepEqual(without.watchDrops([pair.left.netns.inode]), []);
      assert.deepEqual(without.drops().totals, []);
      without.attach(pair.left.netns, pair.left.ifindex, 'egress');
      without.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.equal(collector.dropsRefusal(), null);
  });

  it('counts nothing in a namespace that is not watched any more', () => {
    collector.watchDrops([pair.left.netns.inode]);
    const dropped = dropRule(pair.right, 'input', 'udp dport 4005');
    datagrams(pair.left, pair.right.ipv4, 4005, 5, 10);
    assert.equal(dropped().packets, 5);
    assert.deepEqual(totalsOf(pair.right, 'NETFILTER_DROP'), []);
  });
});
