import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { Attachment, Collector, PointCounters } from '../index.d.ts';
import { cgroupMount } from '../../../test/lab/cgroups.ts';
import { openCollector } from './addon.ts';
import { readRecords, sumAt } from './flowRecords.ts';
import type { FlowRecord } from './flowRecords.ts';
import { buildFrameSender, ethernet, ipv4, sendFramesOnCpu, udp } from './frames.ts';
import { datagrams, stream } from './traffic.ts';
import { VethPair, linkStatistics, run } from './vethPair.ts';
import type { End } from './vethPair.ts';

const UDP = 17;
const TCP = 6;
/** TALLIES in bpf/flow.h: flows that a CPU counts before the flow map. */
const TALLIES = 64;
const FLOWS = 200;

/** Reports that the interfaces send when they come up. */
const SETTLE_MS = 30;

describe('counting', function () {
  this.timeout(30_000);
  let pair: VethPair;
  let collector: Collector;
  let leftOut: Attachment;
  let rightIn: Attachment;

  before(() => buildFrameSender());

  beforeEach(async () => {
    pair = new VethPair();
    await setTimeout(SETTLE_MS);
    collector = openCollector();
    leftOut = collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    collector.attach(pair.left.netns, pair.left.ifindex, 'ingress');
    rightIn = collector.attach(pair.right.netns, pair.right.ifindex, 'ingress');
    collector.attach(pair.right.netns, pair.right.ifindex, 'egress');
  });

  afterEach(() => {
    collector.close();
    pair.remove();
  });

  function pointOf(attachment: Attachment): PointCounters {
    const found = collector
      .points()
      .find(
        (point) =>
          point.netns === attachment.netns &&
          point.ifindex === attachment.ifindex &&
          point.direction === attachment.direction,
      );
    assert(found);
    return found;
  }

  function assertConserved(records: FlowRecord[]): void {
    for (const point of collector.points()) {
      const unparsed = point.unparsed.reduce((sum, packets) => sum + packets, 0);
      assert.equal(point.packets, point.counted + unparsed + point.mapFull);
      const sum = sumAt(records, point);
      assert.equal(sum.packets, point.counted);
    }
  }

  for (const family of ['ipv4', 'ipv6'] as const) {
    it(`counts UDP exactly over ${family}`, async () => {
      const before = linkStatistics(pair.right);
      datagrams(pair.left, pair.right[family], 4001, 1000, 200);
      const records = readRecords(await collector.drain());

      const flows = records.filter((record) => record.protocol === UDP && record.highPort === 4001);
      const headers = 14 + (family === 'ipv4' ? 20 : 40) + 8;
      assert.deepEqual(sumAt(flows, leftOut), {
        packets: 1000,
        bytes: 1000 * (headers + 200),
      });
      assert.deepEqual(sumAt(flows, rightIn), {
        packets: 1000,
        bytes: 1000 * (headers + 200),
      });
      const after = linkStatistics(pair.right);
      assert.equal(pointOf(rightIn).packets, after.rx.packets - before.rx.packets);
      assert.equal(pointOf(rightIn).bytes, after.rx.bytes - before.rx.bytes);
      assertConserved(records);
    });

    it(`counts TCP in wire packets over ${family}, as segmentation makes them`, async () => {
      // The left device cannot segment, so its egress hook sees large buffers and the right end real packets.
      pair.left.run('ethtool', '-K', pair.left.name, 'tso', 'off', 'gso', 'off');
      const before = linkStatistics(pair.right);
      await stream(pair.left, pair.right, pair.right[family], 5001, 8 << 20);
      const records = readRecords(await collector.drain());
      const after = linkStatistics(pair.right);

      assert(pointOf(leftOut).buffers < pointOf(leftOut).packets / 4, 'no large buffers seen');
      assert.equal(pointOf(rightIn).buffers, pointOf(rightIn).packets);
      assert.equal(pointOf(leftOut).packets, after.rx.packets - before.rx.packets);
      assert.equal(pointOf(leftOut).bytes, after.rx.bytes - before.rx.bytes);
      assert.equal(pointOf(rightIn).bytes, after.rx.bytes - before.rx.bytes);
      const flow = records.filter((record) => record.protocol === TCP);
      assert.deepEqual(sumAt(flow, leftOut), sumAt(flow, rightIn));
      assertConserved(records);
    });

    it(`keys both directions of an ICMP echo alike over ${family}`, async () => {
      pair.left.run('busybox', 'ping', '-c', '3', '-i', '0.05', pair.right[family]);
      const records = readRecords(await collector.drain());
      const request = family === 'ipv4' ? 8 : 128;
      const echoes = records.filter((record) => record.detail === request << 8);
      assert.equal(echoes.length, 2, 'one entry a namespace');
      for (const echo of echoes) {
        assert.equal(echo.lowPort, echo.highPort);
        assert.deepEqual(
          echo.slots.map((slot) => slot.packets),
          [3, 3],
        );
      }
    });
  }

  it('counts large buffers that stay large on the way in', async () => {
    pair.right.run(
      'nft',
      `add table netdev t; add chain netdev t c { type filter hook ingress device ${pair.right.name} priority 0; }; add rule netdev t c counter`,
    );
    const before = linkStatistics(pair.right);
    await stream(pair.left, pair.right, pair.right.ipv4, 5002, 8 << 20);
    const nft = JSON.parse(pair.right.run('nft', '-j', 'list', 'table', 'netdev', 't')) as {
      nftables: { rule?: { expr: { counter: { packets: number } }[] } }[];
    };
    const after = linkStatistics(pair.right);
    const point = pointOf(rightIn);
    assert.equal(point.buffers, after.rx.packets - before.rx.packets);
    assert.equal(point.buffers, nft.nftables.find((entry) => entry.rule)?.rule?.expr[0]?.counter.packets);
    assert(point.packets > 4 * point.buffers);
    assert.equal(point.packets, pointOf(leftOut).packets);
    assert.equal(point.bytes, pointOf(leftOut).bytes);
    assertConserved(readRecords(await collector.drain()));
  });

  /** What left on one side and came in on the other, once nothing is on its way. */
  async function atRest(): Promise<{ point: PointCounters; received: ReturnType<typeof linkStatistics> }> {
    const read = (): { point: PointCounters; received: ReturnType<typeof linkStatistics> } => ({
      point: pointOf(leftOut),
      received: linkStatistics(pair.right),
    });
    for (let last = read(); ;) {
      await setTimeout(SETTLE_MS);
      const next = read();
      const isSame =
        next.point.packets === last.point.packets && next.received.rx.packets === last.received.rx.packets;
      if (isSame) return next;
      last = next;
    }
  }

  it('counts a tunnel as its segments are on the wire', async () => {
    const { left, right } = pair;
    for (const [end, peer, number] of [
      [left, right, 1],
      [right, left, 2],
    ] as const) {
      end.run(
        'ip',
        'link',
        'add',
        'tunnel0',
        'type',
        'vxlan',
        'id',
        '7',
        'dstport',
        '8472',
        'remote',
        peer.ipv4,
      );
      end.run('ip', 'address', 'add', `10.44.0.${number}/24`, 'dev', 'tunnel0');
      end.run('ip', 'link', 'set', 'tunnel0', 'up');
    }
    left.run('ethtool', '-K', left.name, 'tso', 'off', 'gso', 'off', 'tx-udp_tnl-segmentation', 'off');
    const { point: baseline, received: before } = await atRest();
    await stream(left, right, '10.44.0.2', 5004, 4 << 20);
    const { point, received: after } = await atRest();
    assert(
      point.buffers - baseline.buffers < (point.packets - baseline.packets) / 4,
      'no large buffers seen',
    );
    assert.equal(point.packets - baseline.packets, after.rx.packets - before.rx.packets);
    assert.equal(point.bytes - baseline.bytes, after.rx.bytes - before.rx.bytes);
  });

  it('names the sender by its socket, with round-trip time', async () => {
    await stream(pair.left, pair.right, pair.right.ipv4, 5003, 1 << 20);
    const records = readRecords(await collector.drain());
    const flow = records.find((record) => record.protocol === TCP && record.netns === leftOut.netns);
    assert(flow);
    const sender: End = pair.left;
    const facts = flow.low === sender.ipv4 ? flow.lowFacts : flow.highFacts;
    assert(facts.cgroupId > 0n);
    assert.equal(facts.otherCgroupId, 0n);
    assert(facts.srttUs > 0 && facts.srttUs < 1_000_000);
  });

  it('names the socket itself, as ss does', async () => {
    const { left, right } = pair;
    const send =
      "const socket = require('dgram').createSocket('udp4');" +
      "socket.on('error', () => {});" +
      "socket.connect(5006, process.argv[1], () => socket.send('x', () => console.log('sent')));";
    const enter = ['netns', 'exec', left.name, process.execPath, '-e', send, right.ipv4];
    const holder = spawn('ip', enter, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(holder.stdout, 'data');
      const listed = left.run('ss', '-Hnaue', 'dport', '=', ':5006');
      const records = readRecords(await collector.drain());
      const flow = records.find(({ highPort, lowPort }) => highPort === 5006 || lowPort === 5006);
      assert(flow);
      const facts = flow.low === left.ipv4 ? flow.lowFacts : flow.highFacts;
      assert.equal(facts.cookie.toString(16), /\bsk:([0-9a-f]+)/.exec(listed)?.[1]);
    } finally {
      holder.kill();
      await once(holder, 'exit');
    }
  });

  it('knows both senders that share a port, in whatever order they send', async () => {
    const groups = ['one', 'two'].map((name) =>
      join(cgroupMount(), `vethscope-shared-${process.pid}-${name}`),
    );
    const ids = groups.map((group) => {
      mkdirSync(group);
      return BigInt(statSync(group).ino);
    });
    try {
      for (const [round, first] of [0, 1].entries()) {
        for (const group of [groups[first], groups[1 - first]]) {
          const target = `UDP4-SENDTO:${pair.right.ipv4}:5009,sourceport=${5010 + round},reuseport`;
          const join = `echo $$ >${group ?? ''}/cgroup.procs`;
          const send = `echo datagram | nsenter --net=${pair.left.path} socat -u - ${target}`;
          run('sh', '-c', `${join} && ${send}`);
          await setTimeout(SETTLE_MS);
        }
      }
      const records = readRecords(await collector.drain()).filter(
        ({ protocol, netns, lowPort, highPort }) =>
          protocol === UDP && netns === leftOut.netns && (lowPort === 5009 || highPort === 5009),
      );
      assert.equal(records.length, 2);
      for (const { low, lowFacts, highFacts } of records) {
        const { cgroupId, otherCgroupId } = low === pair.left.ipv4 ? lowFacts : highFacts;
        assert.deepEqual([cgroupId, otherCgroupId].sort(), [...ids].sort());
      }
    } finally {
      for (const group of groups) rmdirSync(group);
    }
  });

  it('counts what it has no room for', async () => {
    collector.close();
    collector = openCollector({ maxFlows: 4 });
    const out = collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    // A flow map of 4 and the tallies before it hold fewer flows than these.
    const frames = Array.from({ length: FLOWS }, (_, flow) =>
      ethernet(0x0800, ipv4(udp(5000, 6000 + flow, 10), { protocol: UDP })),
    );
    // From one CPU: each has tallies of its own.
    const fiveTimes = Array.from({ length: 5 }, () => frames).flat();
    await sendFramesOnCpu(0, pair.left, pair.left.name, fiveTimes);
    const records = readRecords(await collector.drain());
    const point = pointOf(out);
    assert(records.length >= 4 && records.length <= 4 + TALLIES, `${records.length} flows`);
    assert(point.mapFull >= 5 * (FLOWS - 4 - TALLIES), `${point.mapFull} packets without room`);
    assertConserved(records);
    // The other half is empty again.
    datagrams(pair.left, pair.right.ipv4, 6011, 5, 10);
    assert.equal(readRecords(await collector.drain()).filter((record) => record.protocol === UDP).length, 1);
  });
});

describe('counters of interfaces that are gone', function () {
  this.timeout(30_000);
  let pair: VethPair;
  let collector: Collector;

  beforeEach(() => {
    pair = new VethPair();
    // The third interface takes the place of one that is not attached any more.
    collector = openCollector({ maxInterfaces: 2 });
  });

  afterEach(() => {
    collector.close();
    pair.remove();
  });

  const total = (): number => collector.points().reduce((sum, { buffers }) => sum + buffers, 0);

  it('stay when others need their place', () => {
    const { left, right } = pair;
    const attachment = collector.attach(left.netns, left.ifindex, 'egress');
    const before = linkStatistics(left).tx.packets;
    datagrams(left, right.ipv4, 9999, 20, 100);
    attachment.close();
    const sent = linkStatistics(left).tx.packets - before;
    assert.ok(sent >= 20);
    assert.equal(total(), sent);
    for (let number = 0; number < 4; number += 1) {
      left.run('ip', 'link', 'add', 'passing', 'link', left.name, 'type', 'macvlan');
      const ifindex = left.netns.links().find(({ name }) => name === 'passing')?.ifindex ?? 0;
      const passing = collector.attach(left.netns, ifindex, 'egress');
      passing.close();
      left.run('ip', 'link', 'del', 'passing');
      assert.equal(total(), sent, `after ${number + 1} others`);
    }
    const gone = collector.points().filter(({ index }) => index === 0);
    assert.deepEqual(
      gone.map(({ netns, ifindex, direction, buffers }) => ({ netns, ifindex, direction, buffers })),
      [{ netns: attachment.netns, ifindex: 0, direction: 'egress', buffers: sent }],
    );
  });

  it('are not those of a new device with the same ifindex', () => {
    const { left } = pair;
    // Nothing passes but the test's packets: no IPv6, and the neighbour is known.
    const make = (name: string): void => {
      left.run('ip', 'link', 'add', name, 'index', '77', 'type', 'veth', 'peer', 'name', `${name}-peer`);
      for (const device of [name, `${name}-peer`]) {
        left.run('ip', 'link', 'set', device, 'addrgenmode', 'none', 'up');
      }
      left.run('ip', 'address', 'add', '10.99.0.2/24', 'dev', name);
      left.run('ip', 'neighbour', 'add', '10.99.0.1', 'lladdr', '02:00:00:00:00:99', 'dev', name);
    };
    const figures = (): { index: number; ifindex: number; packets: number }[] =>
      collector.points().map(({ index, ifindex, packets }) => ({ index, ifindex, packets }));
    make('former');
    const former = collector.attach(left.netns, 77, 'egress');
    datagrams(left, '10.99.0.1', 9999, 5, 100);
    left.run('ip', 'link', 'del', 'former');
    former.close();
    assert.deepEqual(figures(), [{ index: former.index, ifindex: 77, packets: 5 }]);

    make('latter');
    const latter = collector.attach(left.netns, 77, 'egress');
    datagrams(left, '10.99.0.1', 9999, 3, 100);
    assert.notEqual(latter.index, former.index);
    assert.deepEqual(figures(), [
      { index: former.index, ifindex: 77, packets: 5 },
      { index: latter.index, ifindex: 77, packets: 3 },
    ]);
    latter.close();
    left.run('ip', 'link', 'del', 'latter');
  });
});
