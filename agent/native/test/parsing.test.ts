import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';

import type { Attachment, Collector, PointCounters } from '../index.d.ts';
import { openCollector } from './addon.ts';
import { readRecords } from './flowRecords.ts';
import type { FlowRecord } from './flowRecords.ts';
import { buildFrameSender, ethernet, extension, icmp, ipv4, ipv6, sendFrames, tcp, udp } from './frames.ts';
import { VethPair } from './vethPair.ts';
import type { End } from './vethPair.ts';

const IP = 0x0800;
const IP6 = 0x86dd;
const ARP = 0x0806;
const VLAN = 0x8100;
const SERVICE_VLAN = 0x88a8;
const UDP = 17;
const TCP = 6;
const ICMP = 1;
const GRE = 47;

/** `enum unparsed_cause` */
const CAUSE = { arp: 0, notIp: 1, truncated: 2, vlanDepth: 3, extensionHeader: 4, badHeader: 5 } as const;
/** `DETAIL_FRAGMENT` */
const WITHOUT_PORTS = 0xffff;

const FIRST_FRAGMENT = 0x2000;
const LATER_FRAGMENT = 0x2010;

describe('parsing', function () {
  this.timeout(20_000);
  let pair: VethPair;
  let collector: Collector;
  let attachment: Attachment;

  before(() => {
    buildFrameSender();
    pair = new VethPair();
    pair.left.run('ip', 'link', 'set', pair.left.name, 'arp', 'off');
    pair.right.run(
      'sysctl',
      '-q',
      '-w',
      'net.ipv4.icmp_echo_ignore_all=1',
      'net.ipv6.icmp.echo_ignore_all=1',
    );
  });

  after(() => {
    pair.remove();
  });

  beforeEach(() => {
    collector = openCollector();
    attachment = collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
  });

  afterEach(() => {
    collector.close();
  });

  function point(): PointCounters {
    const [counters] = collector.points();
    assert(counters);
    return counters;
  }

  async function send(frame: Buffer, way: 'plain' | 'ring' = 'plain'): Promise<FlowRecord[]> {
    sendFrames(pair.left, [frame], way);
    return readRecords(await collector.drain());
  }

  /** The one flow of one frame, whose bytes were all counted. */
  async function flowOf(frame: Buffer, way: 'plain' | 'ring' = 'plain'): Promise<FlowRecord> {
    const records = await send(frame, way);
    assert.equal(records.length, 1, `no flow; unparsed ${point().unparsed.join(' ')}`);
    const [record] = records;
    assert(record);
    assert.equal(record.slots.length, 1);
    assert.equal(record.slots[0]?.packets, 1);
    assert.equal(record.slots[0].bytes, frame.length);
    assert.equal(record.slots[0].egress, true);
    assert.equal(record.netns, attachment.netns);
    return record;
  }

  async function assertUnparsed(frame: Buffer, cause: number): Promise<void> {
    assert.deepEqual(await send(frame), []);
    const expected = [0, 0, 0, 0, 0, 0];
    expected[cause] = 1;
    assert.deepEqual(point().unparsed, expected);
    assert.equal(point().packets, 1);
    assert.equal(point().bytes, frame.length);
  }

  function assertPorts(record: FlowRecord, protocol: number, low: number, high: number): void {
    assert.deepEqual([record.protocol, record.lowPort, record.highPort], [protocol, low, high]);
  }

  for (const way of ['plain', 'ring'] as const) {
    const where = way === 'plain' ? 'linear buffers' : 'page fragments';

    it(`reads plain UDP and TCP from ${where}`, async () => {
      const record = await flowOf(
        ethernet(IP, ipv4(udp(1000, 2000, 400), { protocol: UDP, tos: 0xb8 })),
        way,
      );
      assertPorts(record, UDP, 1000, 2000);
      assert.deepEqual([record.low, record.high, record.lowFacts.dscp], ['10.9.9.1', '10.9.9.2', 46]);
      const stream = await flowOf(ethernet(IP, ipv4(tcp(1001, 2001, 0x18), { protocol: TCP })), way);
      assertPorts(stream, TCP, 1001, 2001);
      assert.equal(stream.slots[0]?.tcpFlags, 0x18);
    });

    it(`skips IPv4 options in ${where}`, async () => {
      const options = Buffer.alloc(40, 1);
      const frame = ethernet(IP, ipv4(udp(1002, 2002, 60), { protocol: UDP, options }));
      assertPorts(await flowOf(frame, way), UDP, 1002, 2002);
    });

    it(`skips IPv6 extension headers in ${where}`, async () => {
      const chain = [extension(43), extension(60), extension(44), extension(UDP, 0, 1), udp(1003, 2003, 60)];
      assertPorts(await flowOf(ethernet(IP6, ipv6(0, Buffer.concat(chain))), way), UDP, 1003, 2003);
    });

    it(`skips VLAN tags in ${where}`, async () => {
      const packet = ipv4(udp(1004, 2004, 60), { protocol: UDP });
      assertPorts(await flowOf(ethernet(IP, packet, [VLAN]), way), UDP, 1004, 2004);
      assertPorts(await flowOf(ethernet(IP, packet, [SERVICE_VLAN, VLAN]), way), UDP, 1004, 2004);
    });
  }

  it('puts the lower side first and says who sent', async () => {
    const record = await flowOf(ethernet(IP6, ipv6(UDP, udp(3000, 53, 20))));
    assert.deepEqual([record.low.slice(-1), record.high.slice(-1)], ['1', '2']);
    assertPorts(record, UDP, 3000, 53);
    assert.equal(record.slots[0]?.fromHigh, false);
    assert.equal(record.lowFacts.dscp, 42);
  });

  it('keys AH and ESP by their security parameters index', async () => {
    const spi = Buffer.from('11112222', 'hex');
    const ah = await flowOf(ethernet(IP6, ipv6(51, Buffer.concat([extension(UDP, 1).subarray(0, 4), spi]))));
    assertPorts(ah, 51, 0x1111, 0x2222);
    const esp = Buffer.concat([spi, Buffer.alloc(28)]);
    assertPorts(await flowOf(ethernet(IP, ipv4(esp, { protocol: 50 }))), 50, 0x1111, 0x2222);
  });

  it('joins later fragments to their first, and counts others without ports', async () => {
    const first = ethernet(IP, ipv4(udp(1006, 2006, 64), { protocol: UDP, fragment: FIRST_FRAGMENT }));
    const later = ethernet(IP, ipv4(Buffer.alloc(64, 9), { protocol: UDP, fragment: LATER_FRAGMENT }));
    assertPorts(await flowOf(first), UDP, 1006, 2006);
    assertPorts(await flowOf(later), UDP, 1006, 2006);
    const orphan = Buffer.concat([extension(UDP, 0, 64), Buffer.alloc(64, 9)]);
    const loose = await flowOf(ethernet(IP6, ipv6(44, orphan)));
    assertPorts(loose, UDP, 0, 0);
    assert.equal(loose.detail, WITHOUT_PORTS);
    assert.equal(point().looseFragments, 1);
  });

  it('keys protocols without ports by what they have', async () => {
    const gre = Buffer.concat([Buffer.from('00006558', 'hex'), Buffer.alloc(40)]);
    const tunnelled = await flowOf(ethernet(IP, ipv4(gre, { protocol: GRE })));
    assert.deepEqual([tunnelled.protocol, tunnelled.detail], [GRE, 0x6558]);
    const ospf = await flowOf(ethernet(IP, ipv4(Buffer.alloc(20), { protocol: 89 })));
    assertPorts(ospf, 89, 0, 0);
    const igmp = await flowOf(ethernet(IP, ipv4(Buffer.from('1600000000000000', 'hex'), { protocol: 2 })));
    assert.deepEqual([igmp.protocol, igmp.detail], [2, 0x1600]);
  });

  it('keys ICMP by echo id, else by type and code', async () => {
    const reply = await flowOf(ethernet(IP, ipv4(icmp(0, 0, 77), { protocol: ICMP })));
    assert.deepEqual([reply.detail, reply.lowPort, reply.highPort], [8 << 8, 77, 77]);
    const unreachable = await flowOf(ethernet(IP, ipv4(icmp(3, 4, 77), { protocol: ICMP })));
    assert.deepEqual([unreachable.detail, unreachable.lowPort], [(3 << 8) | 4, 0]);
    const reply6 = await flowOf(ethernet(IP6, ipv6(58, icmp(129, 0, 78))));
    assert.deepEqual([reply6.detail, reply6.lowPort], [128 << 8, 78]);
  });

  it('reads SCTP ports', async () => {
    const packet = Buffer.concat([udp(1007, 2007, 20)]);
    assertPorts(await flowOf(ethernet(IP, ipv4(packet, { protocol: 132 }))), 132, 1007, 2007);
  });

  it('names what it cannot read by cause', async () => {
    const check = async (frame: Buffer, cause: number): Promise<void> => {
      collector.close();
      collector = openCollector();
      attachment = collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
      await assertUnparsed(frame, cause);
    };
    await check(ethernet(ARP, Buffer.alloc(46)), CAUSE.arp);
    await check(ethernet(0x88cc, Buffer.alloc(46)), CAUSE.notIp);
    await check(ethernet(IP, Buffer.alloc(10, 0x45)), CAUSE.truncated);
    await check(ethernet(IP, ipv4(udp(1, 2, 0).subarray(0, 3), { protocol: UDP })), CAUSE.truncated);
    await check(ethernet(IP, ipv4(udp(1, 2, 4), { protocol: UDP, headerWords: 15 })), CAUSE.badHeader);
    await check(ethernet(IP, ipv4(udp(1, 2, 4), { protocol: UDP, headerWords: 4 })), CAUSE.badHeader);
    await check(ethernet(IP, ipv6(UDP, udp(1, 2, 4))), CAUSE.badHeader);
    await check(ethernet(IP, ipv4(tcp(1, 2, 2, 3), { protocol: TCP })), CAUSE.badHeader);
    await check(ethernet(IP, ipv4(udp(1, 2, 4), { protocol: UDP }), [VLAN, VLAN, VLAN]), CAUSE.vlanDepth);
    const endless = Buffer.concat(Array.from({ length: 9 }, () => extension(60)));
    await check(ethernet(IP6, ipv6(60, endless)), CAUSE.extensionHeader);
  });

  it('reads packets of devices without a link header', async () => {
    const tunnel = (end: End, peer: End, number: number): ReturnType<typeof spawn> =>
      spawn('ip', [
        ...['netns', 'exec', end.name, 'socat'],
        `TUN:10.8.8.${number}/24,tun-name=tunnel,iff-no-pi,up`,
        `UDP4-DATAGRAM:${peer.ipv4}:7000,bind=${end.ipv4}:7000`,
      ]);
    pair.left.run('ip', 'link', 'set', pair.left.name, 'arp', 'on');
    pair.right.run('sysctl', '-q', '-w', 'net.ipv4.icmp_echo_ignore_all=0');
    const ends = [tunnel(pair.left, pair.right, 1), tunnel(pair.right, pair.left, 2)];
    try {
      let ifindex: number | undefined;
      for (let tries = 0; ifindex === undefined && tries < 50; tries += 1) {
        await setTimeout(50);
        ifindex = pair.left.netns
          .links()
          .find((link) => link.name === 'tunnel' && link.state !== 'down')?.ifindex;
      }
      assert(ifindex);
      await setTimeout(200);
      collector.attach(pair.left.netns, ifindex, 'egress');
      collector.attach(pair.left.netns, ifindex, 'ingress');
      pair.left.run('busybox', 'ping', '-c', '3', '-i', '0.05', '-s', '56', '10.8.8.2');
      const records = readRecords(await collector.drain());
      const echo = records.find((record) => record.low === '10.8.8.1' && record.protocol === ICMP);
      assert(echo);
      assert.deepEqual(
        new Set(echo.slots.map((slot) => `${slot.egress} ${slot.packets} ${slot.bytes}`)),
        new Set(['true 3 252', 'false 3 252']),
      );
    } finally {
      for (const end of ends) end.kill();
    }
  });
});
