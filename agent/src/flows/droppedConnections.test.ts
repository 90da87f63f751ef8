/** Connections whose first packet was dropped: only the dropped packet tells what NAT had done to it. */
import assert from 'node:assert/strict';
import { EVENT, EVENT_BYTES, EVENT_KIND, IP_PROTOCOL, KEY_BYTES, viewOf } from '../collector/flowLayout.ts';
import { CONNTRACK_BYTES } from '../nat/conntrackLayout.ts';
import type { TestConnection } from '../nat/conntrackRecords.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import { ANSWER, CLIENT, flowsOf, newFlows, OPENING, packetsOf, SERVICE } from './flowJoin.fixture.ts';
import type { TestFlows } from './flowTable.fixture.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';
import { drainOf } from './kernelRecords.fixture.ts';

/** As conntrack has it before it is confirmed. */
const UNCONFIRMED = { ...SERVICE, id: 0 };
const OTHER_BACKEND = { ...UNCONFIRMED, server: { address: '10.244.1.5', port: 8080 } };

/** As bpf/drops.bpf.c tells it: the packet after DNAT, and behind it the connection that it would have begun. */
function dropOf(connection: TestConnection, time: number): Uint8Array {
  const event = new Uint8Array(EVENT_BYTES + CONNTRACK_BYTES);
  const packet = packetsOf(connection, { ...OPENING, time })[1];
  assert.ok(packet);
  event.set(drainOf([packet]).records.subarray(0, KEY_BYTES), EVENT.key);
  const view = viewOf(event);
  view.setUint16(EVENT.kind, EVENT_KIND.drop, true);
  view.setBigUint64(EVENT.time, BigInt(time) * 1_000_000n, true);
  view.setUint32(EVENT.packets, 1, true);
  view.setUint32(EVENT.captured, CONNTRACK_BYTES, true);
  event.set(conntrackRecord(connection, 'created'), EVENT.data);
  return event;
}

/** The packet before DNAT and after it: it never came to the server. */
function packetsBefore(connection: TestConnection, time: number): SeenPacket[] {
  return packetsOf(connection, { ...OPENING, time }).slice(0, 2);
}

describe('connections whose first packet was dropped', () => {
  let flows: TestFlows;

  beforeEach(() => {
    flows = newFlows();
    flows.tick([], 50, [conntrackBatch([])]);
  });

  const facts = (): unknown[] =>
    flowsOf(flows).map(({ server, service, verdict, final, sent, drops, nat }) => ({
      server: server.name,
      service: service?.name,
      verdict,
      final,
      packets: sent.packets,
      dropped: drops[0]?.packets,
      nat: nat.length,
    }));

  const dropped = {
    server: 'web',
    service: 'web',
    verdict: 'dropped',
    final: false,
    packets: 1,
    dropped: 1,
    nat: 1,
  };

  it('are one flow with their Service, whether the packet is counted before or with the drop', () => {
    flows.tick(packetsBefore(UNCONFIRMED, 100), 200, [], [dropOf(UNCONFIRMED, 101)]);
    assert.deepEqual(facts(), [dropped]);
    assert.equal(flows.join.joinedLate, 0);
  });

  it('are joined later where the drop is told later', () => {
    flows.tick(packetsBefore(UNCONFIRMED, 100), 200);
    assert.equal(flowsOf(flows).length, 2);
    flows.tick([], 300, [], [dropOf(UNCONFIRMED, 101)]);
    assert.deepEqual(facts(), [dropped]);
    assert.equal(flows.join.joinedLate, 1);
  });

  it('stay one when they are sent again, and go on when that one passes', () => {
    for (const time of [100, 1100]) {
      flows.tick(packetsBefore(UNCONFIRMED, time), time + 50, [], [dropOf(UNCONFIRMED, time)]);
    }
    assert.deepEqual(facts(), [{ ...dropped, packets: 2, dropped: 2 }]);
    const later = { ...OPENING, time: 3100 };
    const packets = [...packetsOf(SERVICE, later), ...packetsOf(SERVICE, { ...ANSWER, time: 3101 })];
    flows.tick(packets, 3200, [conntrackBatch([conntrackRecord(SERVICE, 'created')], 3050)]);
    assert.deepEqual(facts(), [{ ...dropped, verdict: 'forwarded', packets: 3, dropped: 2 }]);
  });

  it('are two when DNAT chooses another backend for the second try: each says what became of it', () => {
    flows.tick(packetsBefore(UNCONFIRMED, 100), 200, [], [dropOf(UNCONFIRMED, 101)]);
    flows.tick(packetsBefore(OTHER_BACKEND, 1100), 1200, [], [dropOf(OTHER_BACKEND, 1101)]);
    assert.deepEqual(facts(), [
      { ...dropped, final: true },
      { ...dropped, server: CLIENT.name },
    ]);
  });

  it('leave a connection alone that conntrack took of two first packets at once', () => {
    const datagrams = { ...SERVICE, protocol: IP_PROTOCOL.udp };
    const other = { ...OTHER_BACKEND, protocol: IP_PROTOCOL.udp };
    const created = conntrackBatch([conntrackRecord(datagrams, 'created')]);
    flows.tick(packetsBefore(datagrams, 100), 200, [created], [dropOf(other, 100)]);
    flows.tick(packetsOf(datagrams, { ...ANSWER, tcpFlags: 0 }), 300);
    const [flow] = flowsOf(flows).filter(({ nat }) => nat.length === 1);
    assert.deepEqual([flow?.server.name, flow?.final, flow?.received.packets], ['web', false, 1]);
  });

  it('are not followed in a namespace whose connection tracking is not', () => {
    const elsewhere = newFlows();
    elsewhere.tick(packetsBefore(UNCONFIRMED, 100), 200, [], [dropOf(UNCONFIRMED, 101)]);
    assert.equal(flowsOf(elsewhere).length, 2);
  });
});
