import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

import type { Collector } from '../index.d.ts';
import { openCollector } from './addon.ts';
import { buildFrameSender, ethernet, ipv4, sendFrames, tcp } from './frames.ts';
import { stream } from './traffic.ts';
import { VethPair } from './vethPair.ts';

const EVENT_BYTES = 64;
/** Above them is POINT_OPENED of bpf/flow.h. */
const TCP_FLAGS = 0xff;
const SYN = 2;
const SYN_ACK = 0x12;
const RST = 4;

interface FlowEvent {
  point: number;
  time: bigint;
  flags: number;
  sequence: number;
}

function readEvents(buffers: Buffer[]): FlowEvent[] {
  const events: FlowEvent[] = [];
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += EVENT_BYTES) {
      events.push({
        point: buffer.readUInt32LE(at + 44),
        time: buffer.readBigUInt64LE(at + 48),
        flags: buffer.readUInt32LE(at + 56) & TCP_FLAGS,
        sequence: buffer.readUInt32LE(at + 60),
      });
    }
  }
  return events;
}

describe('events', function () {
  this.timeout(20_000);
  let pair: VethPair;
  let collector: Collector;

  before(() => {
    buildFrameSender();
    pair = new VethPair();
  });

  after(() => {
    pair.remove();
  });

  afterEach(() => {
    collector.close();
  });

  it('times handshakes exactly', async () => {
    collector = openCollector();
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    collector.attach(pair.left.netns, pair.left.ifindex, 'ingress');
    const buffers: Buffer[] = [];
    const reader = collector.events((records) => buffers.push(records));
    const start = process.hrtime.bigint();
    await stream(pair.left, pair.right, pair.right.ipv4, 5001, 1000);
    const end = process.hrtime.bigint();
    await setTimeout(250);

    const [syn, synAck] = readEvents(buffers);
    assert.deepEqual([syn?.flags, synAck?.flags], [SYN, SYN_ACK]);
    assert(syn && synAck && syn.time > start && synAck.time > syn.time && synAck.time < end);
    assert(synAck.time - syn.time < 50_000_000n, 'a handshake within 50 ms');
    assert.equal(syn.point >> 2, pair.left.ifindex);
    reader.close();
  });

  it('gives one reader at a time, and none after close', async () => {
    collector = openCollector();
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    let calls = 0;
    const reader = collector.events(() => {
      calls += 1;
    });
    assert.throws(() => collector.events(() => {}), { code: 'EBUSY' });
    reader.close();
    sendFrames(pair.left, [ethernet(0x0800, ipv4(tcp(1, 2, RST), { protocol: 6 }))]);
    await setTimeout(250);
    assert.equal(calls, 0);
    const buffers: Buffer[] = [];
    collector.events((records) => buffers.push(records));
    await setTimeout(250);
    assert.deepEqual(
      readEvents(buffers).map(({ flags, sequence }) => [flags, sequence]),
      [[RST, 0x01020304]],
    );
  });

  it('counts events that found the ring full', async () => {
    collector = openCollector({ ringBytes: 4096 });
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    const frame = ethernet(0x0800, ipv4(tcp(1, 2, SYN), { protocol: 6 }));
    sendFrames(
      pair.left,
      Array.from({ length: 200 }, () => frame),
    );
    const buffers: Buffer[] = [];
    collector.events((records) => buffers.push(records));
    await setTimeout(250);
    const [point] = collector.points();
    assert.equal(point?.counted, 200);
    const received = readEvents(buffers).length;
    assert(received > 0 && received < 200);
    assert.equal(received + point.eventsLost, 200);
  });
});
