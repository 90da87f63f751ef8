import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

import type { Attachment, Collector } from '../index.d.ts';
import { openCollector } from './addon.ts';
import { readRecords } from './flowRecords.ts';
import type { FlowRecord } from './flowRecords.ts';
import { buildFrameSender, ethernet, ipv4, sendFramesOnCpu, tcp, udp } from './frames.ts';
import { VethPair, linkStatistics } from './vethPair.ts';
import type { End } from './vethPair.ts';

const CPUS = [0, 1];
const FRAMES = 20_000;
const FLOWS = 200;
const PAYLOAD = 20;

/** The same conversations from either CPU: of 10.9.9.1, ports from 10000 on, to port 53. */
function frames(): Buffer[] {
  return Array.from({ length: FRAMES }, (_, index) =>
    ethernet(0x0800, ipv4(udp(10_000 + (index % FLOWS), 53, PAYLOAD), { protocol: 17 })),
  );
}

const SYN = 0x02;
const ACK = 0x10;
const LAST_DSCP = 10;
const TCP = 6;

/** Of a connection from 10.9.9.1. */
function segment(flags: number, tos = 0): Buffer {
  return ethernet(0x0800, ipv4(tcp(5000, 5001, flags), { protocol: 6, tos }));
}

/** The same segment from the other side: addresses and ports change places. */
function answer(frame: Buffer): Buffer {
  const piece = (at: number, bytes: number): Buffer => frame.subarray(at, at + bytes);
  return Buffer.concat([
    piece(0, 26),
    ...[piece(30, 4), piece(26, 4), piece(36, 2), piece(34, 2)],
    frame.subarray(38),
  ]);
}

interface Totals {
  packets: number;
  bytes: number;
}

describe('counting from several CPUs at once', function () {
  this.timeout(60_000);
  let pair: VethPair;
  let left: End;
  let collector: Collector;
  const attachments: Attachment[] = [];

  before(() => {
    buildFrameSender();
  });

  beforeEach(async () => {
    pair = new VethPair();
    left = pair.left;
    await setTimeout(30);
  });

  afterEach(() => {
    for (const attachment of attachments.splice(0)) attachment.close();
    collector.close();
    pair.remove();
  });

  it('counts each conversation as it was sent', async () => {
    collector = openCollector();
    for (const end of [left, pair.right]) {
      const direction = end === left ? 'egress' : 'ingress';
      attachments.push(collector.attach(end.netns, end.ifindex, direction));
    }
    const before = linkStatistics(left);
    const all = frames();
    const sums = attachments.map(() => new Map<number, Totals>());
    const sending = new AbortController();
    const sent = Promise.all(CPUS.map((cpu) => sendFramesOnCpu(cpu, left, left.name, all))).finally(() => {
      sending.abort();
    });
    const drain = async (): Promise<void> => {
      const records = readRecords(await collector.drain());
      const keys = new Set(records.map(({ netns, lowPort, highPort }) => `${netns} ${lowPort} ${highPort}`));
      assert.equal(keys.size, records.length, 'an entry is one record');
      attachments.forEach((attachment, index) => {
        addUp(records, attachment, sums[index] ?? new Map<number, Totals>());
      });
    };
    try {
      while (!sending.signal.aborted) await drain();
    } finally {
      await sent;
    }
    await drain();

    const after = linkStatistics(left);
    assert.equal(after.tx.packets - before.tx.packets, CPUS.length * FRAMES);
    const packets = (CPUS.length * FRAMES) / FLOWS;
    for (const point of collector.points()) {
      assert.deepEqual(
        [point.packets, point.mapFull, point.pointsOverflow],
        [CPUS.length * FRAMES, 0, 0],
        point.direction,
      );
      assert.equal(point.counted, CPUS.length * FRAMES);
    }
    for (const flows of sums) {
      assert.equal(flows.size, FLOWS);
      for (const [port, total] of flows) {
        assert.deepEqual(total, { packets, bytes: packets * (all[0]?.length ?? 0) }, `port ${port}`);
      }
    }
  });

  /** Other flows take every place among the CPU's tallies: what was in them goes to the flow map. */
  async function displaceTallies(cpu: number): Promise<void> {
    await sendFramesOnCpu(cpu, left, left.name, frames().slice(0, FLOWS));
  }

  const ways = [
    { where: 'in tallies alone', eachTime: false, atLast: [] },
    { where: 'one after the other in the flow map', eachTime: true, atLast: [] },
    { where: 'in the flow map in another order than they passed', eachTime: false, atLast: [1, 0] },
  ];
  for (const { where, eachTime, atLast } of ways) {
    it(`joins what the CPUs saw of a handshake and of its sides, ${where}`, async () => {
      collector = openCollector();
      attachments.push(collector.attach(pair.right.netns, pair.right.ifindex, 'ingress'));
      const times = [process.hrtime.bigint()];
      const send = async (cpu: number, ...sent: Buffer[]): Promise<void> => {
        await sendFramesOnCpu(cpu, left, left.name, sent);
        times.push(process.hrtime.bigint());
        if (eachTime) await displaceTallies(cpu);
      };
      await send(0, segment(SYN));
      await send(1, answer(segment(SYN | ACK)));
      await send(0, answer(segment(SYN | ACK)), segment(ACK), segment(ACK));
      await send(1, segment(SYN), segment(ACK, LAST_DSCP << 2));

      for (const cpu of atLast) await displaceTallies(cpu);

      const records = readRecords(await collector.drain()).filter(({ protocol }) => protocol === TCP);
      const [record] = records;
      assert(record);
      assert.equal(records.length, 1);
      assert.deepEqual(record.slots.map((slot) => slot.packets).sort(), [2, 5]);
      const { lowFacts, highFacts } = record;
      // The segments have no window; SYNs are not counted among those.
      assert.deepEqual([lowFacts.syns, lowFacts.zeroWindows, lowFacts.dscp], [2, 3, LAST_DSCP]);
      assert.deepEqual([highFacts.syns, highFacts.zeroWindows, highFacts.dscp], [2, 0, 0]);
      const [start = 0n, opened = 0n, answered = 0n] = times;
      assert(record.synTime > start && record.synTime < opened, 'the first SYN');
      assert(record.answerTime > opened && record.answerTime < answered, 'the first answer');
    });
  }

  /** Interfaces p0, p1, ... of the left end, observed on the way out. */
  function manyInterfaces(count: number): string[] {
    const names = Array.from({ length: count }, (_, index) => `p${index}`);
    for (const name of names) {
      left.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}x`);
      left.run('sysctl', '-q', '-w', `net.ipv6.conf.${name}.disable_ipv6=1`);
      left.run('ip', 'link', 'set', name, 'up');
    }
    for (const { ifindex, name } of left.netns.links()) {
      if (names.includes(name)) attachments.push(collector.attach(left.netns, ifindex, 'egress'));
    }
    return names;
  }

  it('gives each CPU a record of its own where they have too many points together', async () => {
    collector = openCollector();
    const names = manyInterfaces(12);
    const [frame = Buffer.alloc(0)] = frames();
    // Six points on either CPU: each has slots for its own, the two together have not.
    for (const [index, name] of names.entries()) await sendFramesOnCpu(index % 2, left, name, [frame, frame]);

    const records = readRecords(await collector.drain());
    assert.deepEqual(
      records.map(({ slots, overflowPackets }) => [slots.map(({ packets }) => packets), overflowPackets]),
      Array(2).fill([Array<number>(6).fill(2), 0]),
    );
  });

  it('counts as overflow what finds no slot in the flow map', async () => {
    collector = openCollector();
    const names = manyInterfaces(10);
    const [frame = Buffer.alloc(0), ...others] = frames().slice(0, FLOWS);
    // The others take its place among the tallies each time.
    for (const name of names) await sendFramesOnCpu(0, left, name, [frame, frame, ...others]);
    const records = readRecords(await collector.drain());
    const record = records.find(({ lowPort, highPort }) => Math.max(lowPort, highPort) === 10_000);
    assert(record);
    assert.deepEqual(
      record.slots.map(({ packets }) => packets),
      Array(8).fill(2),
    );
    assert.deepEqual([record.overflowPackets, record.overflowBytes], [2 * 2, 2 * 2 * frame.length]);
    const beyond = collector.points().map(({ pointsOverflow }) => pointsOverflow);
    assert.deepEqual(beyond.filter((packets) => packets > 0).length, 2);
    const inOverflow = records.reduce((sum, { overflowPackets }) => sum + overflowPackets, 0);
    assert.equal(
      beyond.reduce((sum, packets) => sum + packets, 0),
      inOverflow,
    );
  });
});

/** Adds the records' packets and bytes at a point, by the source port of the frames. */
function addUp(records: FlowRecord[], point: Attachment, flows: Map<number, Totals>): void {
  for (const record of records) {
    if (record.netns !== point.netns) continue;
    const port = Math.max(record.lowPort, record.highPort);
    const total = flows.get(port) ?? { packets: 0, bytes: 0 };
    for (const slot of record.slots) {
      if (slot.interface !== point.index || slot.egress !== (point.direction === 'egress')) continue;
      total.packets += slot.packets;
      total.bytes += slot.bytes;
    }
    flows.set(port, total);
  }
}
