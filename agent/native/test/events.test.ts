import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

import type { Closable, Collector } from '../index.d.ts';
import { openCollector } from './addon.ts';
import { readRecords } from './flowRecords.ts';
import { buildFrameSender, ethernet, ipv4, sendFrames, udp } from './frames.ts';
import { stream } from './traffic.ts';
import { VethPair } from './vethPair.ts';

const HEADER_BYTES = 80;
const UDP = 17;
const DNS = 2;
const SAMPLE = 5;
const TRUNCATED = 2;

interface Event {
  kind: number;
  time: bigint;
  length: number;
  value: number;
  data: Buffer;
}

function readEvents(buffers: Buffer[]): Event[] {
  const events: Event[] = [];
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length;) {
      const captured = buffer.readUInt32LE(at + 72);
      events.push({
        kind: buffer.readUInt16LE(at + 44),
        time: buffer.readBigUInt64LE(at + 48),
        length: buffer.readUInt32LE(at + 60),
        value: buffer.readUInt32LE(at + 64),
        data: buffer.subarray(at + HEADER_BYTES, at + HEADER_BYTES + captured),
      });
      at += HEADER_BYTES + Math.ceil(captured / 8) * 8;
    }
  }
  return events;
}

/** Waits until that many events came, and as long again as the reader sleeps, for any beyond. */
async function received(buffers: Buffer[], count: number): Promise<Event[]> {
  for (let tries = 0; tries < 100 && readEvents(buffers).length < count; tries += 1) await setTimeout(50);
  await setTimeout(150);
  return readEvents(buffers);
}

/** A datagram to a name server. */
function question(bytes: number): Buffer {
  return ethernet(0x0800, ipv4(udp(5353, 53, bytes), { protocol: UDP }));
}

describe('events', function () {
  this.timeout(20_000);
  let pair: VethPair;
  let collector: Collector;
  /** Held, because a reader that nobody holds is closed when it is collected. */
  let reader: Closable | undefined;

  before(() => {
    buildFrameSender();
    pair = new VethPair();
  });

  after(() => {
    pair.remove();
  });

  afterEach(() => {
    reader?.close();
    reader = undefined;
    collector.close();
  });

  it('times handshakes exactly', async () => {
    collector = openCollector();
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    collector.attach(pair.left.netns, pair.left.ifindex, 'ingress');
    const start = process.hrtime.bigint();
    await stream(pair.left, pair.right, pair.right.ipv4, 5001, 1000);
    const end = process.hrtime.bigint();

    const record = readRecords(await collector.drain()).find(({ protocol }) => protocol === 6);
    assert(record);
    assert(record.synTime > start && record.answerTime > record.synTime && record.answerTime < end);
    assert.deepEqual([record.lowFacts.syns, record.highFacts.syns], [1, 1]);
  });

  it('sends what a name server is asked, and the first bytes of what is not parsed', async () => {
    collector = openCollector();
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    const buffers: Buffer[] = [];
    reader = collector.events((records) => buffers.push(records));
    sendFrames(pair.left, [question(45)]);
    collector.setRate(DNS, 100);
    collector.setRate(SAMPLE, 100);
    const broken = ethernet(0x0800, Buffer.alloc(10, 0x45));
    sendFrames(pair.left, [question(45), broken]);
    const [dns, sample, ...others] = await received(buffers, 2);
    assert.deepEqual(others, []);
    assert.deepEqual([dns?.kind, dns?.data], [DNS, Buffer.alloc(45, 3)]);
    assert.deepEqual([sample?.kind, sample?.value, sample?.data], [SAMPLE, TRUNCATED, broken]);
  });

  it('captures what matches, up to the snap length', async () => {
    collector = openCollector();
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    const buffers: Buffer[] = [];
    reader = collector.events((records) => buffers.push(records));
    collector.setCapture({ filter: { ports: [4000] }, snapLength: 60, packetsPerSecond: 1000 });
    const wanted = ethernet(0x0800, ipv4(udp(1, 4000, 200), { protocol: UDP }));
    const other = ethernet(0x0800, ipv4(udp(1, 4001, 200), { protocol: UDP }));
    sendFrames(pair.left, [wanted, other, wanted]);
    collector.setCapture(null);
    sendFrames(pair.left, [wanted]);
    const events = await received(buffers, 2);
    assert.equal(events.length, 2);
    for (const event of events) {
      assert.deepEqual([event.length, event.data], [wanted.length, wanted.subarray(0, 60)]);
    }
  });

  it('gives one reader at a time, and none after close', async () => {
    collector = openCollector();
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    let calls = 0;
    collector.setRate(DNS, 100);
    reader = collector.events(() => {
      calls += 1;
    });
    assert.throws(() => collector.events(() => {}), { code: 'EBUSY' });
    reader.close();
    sendFrames(pair.left, [question(30)]);
    await setTimeout(250);
    assert.equal(calls, 0);
    const buffers: Buffer[] = [];
    reader = collector.events((records) => buffers.push(records));
    assert.deepEqual(
      (await received(buffers, 1)).map(({ kind, data }) => [kind, data.length]),
      [[DNS, 30]],
    );
  });

  it('counts events that found the ring full, and those beyond the rate', async () => {
    collector = openCollector({ ringBytes: 4096 });
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    collector.setRate(DNS, 100);
    const frames = Array.from({ length: 200 }, () => question(30));
    sendFrames(pair.left, frames);
    const buffers: Buffer[] = [];
    reader = collector.events((records) => buffers.push(records));
    const [point] = collector.points();
    assert.equal(point?.counted, 200);
    const suppressed = point.suppressed[DNS] ?? 0;
    const expected = 200 - point.eventsLost - suppressed;
    assert(expected > 0 && suppressed > 0);
    assert.equal((await received(buffers, expected)).length, expected);
  });
});
