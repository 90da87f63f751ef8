import assert from 'node:assert/strict';
import { EVENT, EVENT_BYTES, EVENT_KIND, IP_PROTOCOL, KEY, KEY_BYTES } from '../collector/flowLayout.ts';
import { BOOT, TestFlows } from './flowTable.fixture.ts';
import { flowJson } from './flowJson.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';
import { drainOf } from './kernelRecords.fixture.ts';

const NODE = 1;
const POD = 65_536;
const NO_SOCKET = 3;
const VETH = { ifindex: 5, name: 'veth5', role: 'pod-veth' } as const;

/** As bpf/drops.bpf.c tells it. @param time milliseconds of CLOCK_MONOTONIC */
function dropOf(packet: SeenPacket, netns: number, packets: number, time: number): Uint8Array {
  const event = new Uint8Array(EVENT_BYTES);
  event.set(drainOf([packet]).records.subarray(0, KEY_BYTES), EVENT.key);
  const view = new DataView(event.buffer);
  view.setUint32(EVENT.key + KEY.netns, netns, true);
  view.setUint16(EVENT.kind, EVENT_KIND.drop, true);
  view.setBigUint64(EVENT.time, BigInt(time) * 1_000_000n, true);
  view.setUint32(EVENT.value, NO_SOCKET, true);
  view.setUint32(EVENT.packets, packets, true);
  return event;
}

function packetTo(to: string): SeenPacket {
  return {
    from: to.startsWith('127.') ? '127.0.0.1' : '10.244.1.5',
    fromPort: 40_000,
    to,
    toPort: 7000,
    protocol: IP_PROTOCOL.udp,
    netns: NODE,
    ifindex: VETH.ifindex,
    egress: false,
    bytes: 100,
    tcpFlags: 0,
    time: 100,
  };
}

function tick(flows: TestFlows, packets: readonly SeenPacket[], events: Uint8Array[], at: number): void {
  flows.tracker.tick({
    ...drainOf(packets),
    events,
    connections: [],
    untranslated: [],
    identityChanged: false,
    now: BOOT + at,
    wallTime: (coarse) => BOOT + (coarse * 2 ** 20) / 1e6,
  });
}

describe('drop intake', () => {
  it("adds a pod's drops to the node's row of the same packets, whichever comes first", () => {
    const flows = new TestFlows([VETH]);
    const packet = packetTo('192.0.2.7');
    tick(flows, [], [dropOf(packet, POD, 2, 100)], 200);
    tick(flows, [packet], [dropOf(packet, POD, 3, 300), dropOf(packet, NODE, 1, 300)], 400);
    assert.equal(flows.table.size, 1);
    const flow = flowJson(flows.table, 0, 's');
    const drop = { reason: String(NO_SOCKET), node: 'node-a', point: null, ifindex: 0, direction: 'sent' };
    assert.deepEqual(flow.drops, [
      { ...drop, netns: POD, packets: 5 },
      { ...drop, netns: NODE, packets: 1 },
    ]);
    assert.deepEqual([flow.verdict, flow.sent.packets], ['dropped', 1]);
  });

  it('keeps loopback addresses of different namespaces apart', () => {
    const flows = new TestFlows([VETH]);
    const packet = packetTo('127.0.0.2');
    tick(flows, [packet], [dropOf(packet, POD, 2, 100), dropOf(packet, POD + 1, 4, 100)], 200);
    assert.deepEqual(
      flows.rows().map((row) => flowJson(flows.table, row, 's').drops[0]?.packets ?? 0),
      [0, 2, 4],
    );
  });

  it('gives a row without any other packet the times of its drops, and ends it as others', () => {
    const flows = new TestFlows([VETH]);
    tick(flows, [], [dropOf(packetTo('192.0.2.7'), NODE, 1, 1000)], 1100);
    const flow = flowJson(flows.table, 0, 's');
    assert.deepEqual([flow.sent.packets, flow.received.packets, flow.sightings], [0, 0, []]);
    assert.equal(flow.start, flow.end);
    assert.ok(Math.abs(Date.parse(flow.start) - (BOOT + 1000)) <= 2);
    const id = flows.table.idOf(0);
    tick(flows, [], [], 60_000);
    assert.equal(flows.table.isEnded(0), true);
    flows.table.forgetEnded(flows.table.sequence);
    assert.deepEqual(flows.table.drops.of(id), []);
  });

  it('leaves out what has no key and the connection of the agent itself', () => {
    const flows = new TestFlows([VETH], {
      isOwn: (view, offset) => view.getUint16(offset + KEY.lowPort, true) === 1,
    });
    const unread = dropOf(packetTo('192.0.2.7'), NODE, 1, 100);
    unread.fill(0, EVENT.key, EVENT.key + KEY_BYTES);
    tick(flows, [], [unread, dropOf({ ...packetTo('192.0.2.7'), fromPort: 1 }, NODE, 1, 100)], 200);
    assert.equal(flows.table.size, 0);
  });
});
