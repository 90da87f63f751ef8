import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Flow } from '../../../src/model/flow.ts';
import { INITIATOR_EVIDENCE } from '../../../src/model/flow.ts';
import { FLOW, FLOW_BITS, FLOW_RECORD_BYTES, INITIATOR_SHIFT } from '../../../src/model/flowRecord.ts';
import { IP_PROTOCOL, KEY, TCP_FLAG } from '../collector/flowLayout.ts';
import { flowJson } from './flowJson.ts';
import { BOOT, TestFlows } from './flowTable.fixture.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';
import { packFlow } from './packedFlow.ts';

const POD = { namespace: 'shop', name: 'client', uid: 'uid-client' };
const VETH = { ifindex: 5, name: 'veth5', role: 'pod-veth', pod: POD } as const;
const BRIDGE = { ifindex: 3, name: 'cni0', role: 'bridge' } as const;
const UPLINK = { ifindex: 2, name: 'eth0', role: 'uplink' } as const;
const INTERFACES = [VETH, BRIDGE, UPLINK];

const CLIENT = '10.244.1.5';
const SERVER = '192.0.2.7';

function packet(changes: Partial<SeenPacket> & { reply?: boolean }): SeenPacket {
  const { reply, ...rest } = changes;
  const ends =
    reply === true
      ? { from: SERVER, fromPort: 80, to: CLIENT, toPort: 40000 }
      : { from: CLIENT, fromPort: 40000, to: SERVER, toPort: 80 };
  return {
    ...ends,
    protocol: IP_PROTOCOL.tcp,
    netns: 1,
    ifindex: VETH.ifindex,
    egress: false,
    bytes: 100,
    tcpFlags: TCP_FLAG.ack,
    time: 10,
    ...rest,
  };
}

/** A packet of the client as it passes veth, bridge and uplink. */
function everywhere(changes: Partial<SeenPacket> & { reply?: boolean }): SeenPacket[] {
  const out = changes.reply !== true;
  return [
    packet({ ...changes, ifindex: VETH.ifindex, egress: !out }),
    packet({ ...changes, ifindex: BRIDGE.ifindex, egress: !out }),
    packet({ ...changes, ifindex: UPLINK.ifindex, egress: out }),
  ];
}

function only(flows: TestFlows): Flow {
  const rows = flows.rows();
  assert.equal(rows.length, 1);
  return flowJson(flows.table, rows[0] ?? 0, 's');
}

/** What must not depend on how the packets were spread. These spread them against time, so a handshake has none. */
function truth(flow: Flow): object {
  const { client, server, sent, received, verdict, start, end, sightings } = flow;
  const tcp = { ...flow.tcp, handshakeUs: null };
  return { client, server, sent, received, verdict, tcp, start, end, sightings };
}

describe('flow table', () => {
  it('counts a packet once however many points see it, and keeps every sighting', () => {
    const flows = new TestFlows(INTERFACES);
    flows.tick([...everywhere({ tcpFlags: TCP_FLAG.syn }), ...everywhere({ reply: true, bytes: 60 })], 100);
    const flow = only(flows);
    assert.deepEqual(flow.sent, { packets: 1, bytes: 100 });
    assert.deepEqual(flow.received, { packets: 1, bytes: 60 });
    assert.equal(flow.initiator, 'certain');
    assert.deepEqual(
      flow.sightings.map(({ interface: name, point, tuple }) => [name, point, tuple.source]),
      [
        ['veth5', 'from-endpoint', CLIENT],
        ['eth0', 'to-network', CLIENT],
        ['cni0', 'from-bridge', CLIENT],
        ['veth5', 'to-endpoint', SERVER],
        ['eth0', 'from-network', SERVER],
        ['cni0', 'to-bridge', SERVER],
      ],
    );
  });

  it('says why it calls one end the client, and in the record what it says in the JSON', () => {
    const service = {
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop', uid: 'uid-web' },
      spec: { clusterIPs: [SERVER], ports: [{ port: 80 }] },
    } as const;
    const cases: readonly (readonly [Partial<SeenPacket>, boolean, string, string])[] = [
      [{ tcpFlags: TCP_FLAG.syn }, false, 'certain', 'opening'],
      [{}, false, 'guessed', 'port'],
      [{}, true, 'guessed', 'service'],
      [{ fromPort: 80 }, false, 'guessed', 'order'],
    ];
    for (const [changes, asksService, initiator, evidence] of cases) {
      const flows = new TestFlows(INTERFACES);
      if (asksService) flows.inventory.update({ reset: true, upserts: [service], deletedUids: [] }, BOOT);
      flows.tick([packet(changes)], 100);
      const flow = only(flows);
      assert.deepEqual(
        [flow.client.address, flow.initiator, flow.initiatorEvidence],
        [CLIENT, initiator, evidence],
      );
      const record = new DataView(new ArrayBuffer(FLOW_RECORD_BYTES));
      packFlow(flows.table, flows.rows()[0] ?? 0, record, 0);
      const bits = record.getUint8(FLOW.bits);
      assert.equal((bits & FLOW_BITS.initiatorCertain) !== 0, initiator === 'certain');
      assert.equal(INITIATOR_EVIDENCE[bits >> INITIATOR_SHIFT], evidence);
    }
  });

  it('gives the same totals for any split over drains and any order of points', () => {
    const arbitraryPackets = fc.array(
      fc.record({
        reply: fc.boolean(),
        tcpFlags: fc.constantFrom(
          TCP_FLAG.syn,
          TCP_FLAG.ack,
          TCP_FLAG.ack | TCP_FLAG.psh,
          TCP_FLAG.fin | TCP_FLAG.ack,
        ),
        bytes: fc.integer({ min: 54, max: 65_000 }),
        time: fc.integer({ min: 1, max: 5000 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(
        arbitraryPackets,
        fc.array(fc.nat(3), { minLength: 240, maxLength: 240 }),
        fc.integer(),
        (shapes, cuts, seed) => {
          // Whoever opens first stays the client, so only a SYN of the client's side may decide it.
          const sane = shapes.map((shape) =>
            shape.reply && shape.tcpFlags === TCP_FLAG.syn ? { ...shape, tcpFlags: 18 } : shape,
          );
          const packets = sane.flatMap(everywhere);
          const whole = new TestFlows(INTERFACES);
          whole.tick(byTime(packets), 10_000);
          whole.tick([], 20_000);
          const split = new TestFlows(INTERFACES);
          const drains: SeenPacket[][] = [[], [], [], []];
          const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), {
            numRuns: packets.length,
            seed,
          });
          const shuffled = packets
            .map((p, i) => ({ p, order: random[i] ?? 0 }))
            .sort((a, b) => a.order - b.order);
          shuffled.forEach(({ p }, index) => drains[cuts[index] ?? 0]?.push(p));
          for (const drain of drains) split.tick(byTime(drain), 10_000);
          split.tick([], 20_000);
          assert.deepEqual(truth(only(split)), truth(only(whole)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('takes totals from the nearest point that was there when the flow began', () => {
    const flows = new TestFlows([BRIDGE, UPLINK]);
    flows.tick([...everywhere({}).slice(1), ...everywhere({}).slice(1)], 100);
    flows.points.add(5, 1, {
      node: 'node-a',
      netnsInode: 1,
      interface: 'veth5',
      ifindex: 5,
      role: 'pod-veth',
      pod: POD,
      inside: false,
    });
    flows.points.attached(5, BOOT + 200);
    flows.tick(everywhere({ time: 300 }), 400);
    assert.equal(only(flows).sent.packets, 3);
  });

  it('says refused, unanswered, reset and forwarded', () => {
    const verdictAfter = (packets: readonly SeenPacket[], at = 100): string => {
      const flows = new TestFlows(INTERFACES);
      flows.tick(packets, 50);
      flows.tick([], at);
      return only(flows).verdict;
    };
    const syn = everywhere({ tcpFlags: TCP_FLAG.syn });
    const synAck = everywhere({ reply: true, tcpFlags: TCP_FLAG.syn | TCP_FLAG.ack });
    assert.equal(
      verdictAfter([...syn, ...everywhere({ reply: true, tcpFlags: TCP_FLAG.rst | TCP_FLAG.ack })]),
      'refused',
    );
    assert.equal(verdictAfter(syn), 'unknown');
    assert.equal(verdictAfter(syn, 1200), 'unanswered');
    assert.equal(verdictAfter([...syn, ...synAck]), 'forwarded');
    assert.equal(verdictAfter([...syn, ...synAck, ...everywhere({ tcpFlags: TCP_FLAG.rst })]), 'reset');
  });

  it('measures the handshake where the SYN was seen first', () => {
    const flows = new TestFlows(INTERFACES);
    const syn = everywhere({ tcpFlags: TCP_FLAG.syn, time: 10 });
    const synAck = everywhere({ reply: true, tcpFlags: TCP_FLAG.syn | TCP_FLAG.ack, time: 12.5 });
    flows.tick([...syn, ...synAck], 100);
    assert.equal(only(flows).tcp?.handshakeUs, 2500);
    const apart = new TestFlows(INTERFACES);
    apart.tick(syn, 100);
    // The kernel forgot the SYN with its entry: the answer counts where it passed last, at the client's veth.
    apart.tick([...synAck].reverse(), 200);
    assert.equal(only(apart).tcp?.handshakeUs, 2500);
  });

  it('ends silent flows with their totals, and starts a new one for later packets', () => {
    const flows = new TestFlows(INTERFACES);
    const udp = { protocol: IP_PROTOCOL.udp, tcpFlags: 0 };
    flows.tick(everywhere(udp), 100);
    flows.tick([], 29_000);
    assert.equal(only(flows).final, false);
    flows.tick([], 33_000);
    const flow = only(flows);
    assert.equal(flow.final, true);
    assert.equal(flow.sent.packets, 1);
    flows.tick(everywhere({ ...udp, time: 34_000 }), 34_500);
    assert.equal(flows.table.size, 2);
    flows.table.forgetEnded(flows.table.sequence);
    assert.equal(flows.table.size, 1);
    assert.equal(flows.table.names.endpoints.size, 2);
  });

  it('folds what does not fit and counts it, packet by packet', () => {
    const flows = new TestFlows(INTERFACES, { maxFlows: 4 });
    const packets = Array.from({ length: 10 }, (_, index) => everywhere({ fromPort: 50_000 + index })).flat();
    flows.tick(packets, 100);
    assert.equal(flows.table.size, 4);
    assert.equal(flows.intake.outside.folded, 6 * 3);
  });

  it('reuses rows without mixing flows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 8 }), { maxLength: 20 }),
        (ticks) => {
          const flows = new TestFlows(INTERFACES, { maxFlows: 8 });
          let counted = 0;
          let given = 0;
          ticks.forEach((ports, index) => {
            const at = index * 31_000;
            const packets = ports.map((port) =>
              packet({ protocol: IP_PROTOCOL.udp, fromPort: port, time: at }),
            );
            given += packets.length;
            flows.tick(packets, at);
            // Every row that ends hands its packets over once.
            flows.table.forEachLive((row) =>
              assert.equal(flowJson(flows.table, row, 's').sightings.length, 1),
            );
            counted += endedPackets(flows);
            flows.table.forgetEnded(flows.table.sequence);
          });
          flows.tracker.endAll(BOOT + 1e9);
          counted += endedPackets(flows);
          assert.equal(counted + flows.intake.outside.folded, given);
        },
      ),
    );
  });

  it('keeps the agent’s own connection out of the rows', () => {
    const flows = new TestFlows(INTERFACES, {
      isOwn: (view, offset) => view.getUint16(offset + KEY.highPort, true) === 80,
    });
    flows.tick(everywhere({}), 100);
    assert.equal(flows.table.size, 0);
    assert.equal(flows.intake.outside.own, 3);
  });
});

function byTime(packets: readonly SeenPacket[]): SeenPacket[] {
  return [...packets].sort((a, b) => a.time - b.time);
}

function endedPackets({ table }: TestFlows): number {
  let packets = 0;
  for (let row = 0; row < 8; row += 1) {
    if (table.isEnded(row)) {
      packets += flowJson(table, row, 's').sent.packets + flowJson(table, row, 's').received.packets;
    }
  }
  return packets;
}
