import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Flow } from '../../../src/model/flow.ts';
import { keyOf } from '../collector/flowKey.fixture.ts';
import { IP_PROTOCOL, TCP_FLAG } from '../collector/flowLayout.ts';
import type { Question } from '../identity/question.ts';
import type { TestConnection } from '../nat/conntrackRecords.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import type { Shape, Way } from './flowJoin.fixture.ts';
import {
  INTERFACES,
  OPENING,
  byTime,
  connectionOf,
  flowsOf,
  inventory,
  newFlows,
  packetsOf,
  truth,
} from './flowJoin.fixture.ts';
import { BOOT, TestFlows } from './flowTable.fixture.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';
import { drainOf, setSide } from './kernelRecords.fixture.ts';

describe('join across NAT, in any order', function () {
  this.timeout(60_000);

  it('gives the same flows and sums for any order of packets and conntrack events', () => {
    const arbitraryConnection = fc.record({
      way: fc.constantFrom<Way>('direct', 'service', 'hairpin', 'masqueraded', 'remapped'),
      protocol: fc.constantFrom<number>(IP_PROTOCOL.tcp, IP_PROTOCOL.udp, IP_PROTOCOL.icmp),
      family: fc.constantFrom('v4' as const, 'v6' as const),
      shapes: fc.array(
        fc.record({
          reply: fc.boolean(),
          time: fc.integer({ min: 1, max: 5000 }),
          bytes: fc.integer({ min: 54, max: 65_000 }),
          tcpFlags: fc.constantFrom<number>(
            TCP_FLAG.ack,
            TCP_FLAG.ack | TCP_FLAG.psh,
            TCP_FLAG.fin | TCP_FLAG.ack,
          ),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    });
    fc.assert(
      fc.property(
        fc.array(arbitraryConnection, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(3), { minLength: 97, maxLength: 97 }),
        (all, cuts) => {
          const connections = all.map(({ way, protocol, family, shapes }, index) => ({
            shapes,
            connection: connectionOf(way, index, protocol, protocol === IP_PROTOCOL.icmp ? 'v4' : family),
            isTranslated: way !== 'direct',
          }));
          const packets = connections.flatMap(({ connection, shapes }) =>
            shapes.flatMap((shape) => packetsOf(connection, shape)),
          );
          const translated = connections
            .filter(({ isTranslated }) => isTranslated)
            .map(({ connection }) => connection);
          const made = translated.map((connection) => conntrackRecord(connection, 'created'));
          const whole = newFlows();
          whole.tick(byTime(packets), 10_000, [conntrackBatch(made)]);
          whole.tick([], 10_100);

          const spread = newFlows();
          let used = 0;
          const drains = [0, 1, 2, 3].map(() => ({
            packets: [] as SeenPacket[],
            records: [] as Uint8Array[],
          }));
          const next = (): number => cuts[used++ % cuts.length] ?? 0;
          for (const packet of packets) drains[next()]?.packets.push(packet);
          for (const connection of translated) {
            const at = next();
            drains[at]?.records.push(conntrackRecord(connection, 'created'));
            // It may be destroyed in any interval from then on, before its packets are counted, too.
            const end = at + next();
            drains[end]?.records.push(conntrackRecord(connection, 'destroyed'));
          }
          for (const drain of drains) {
            spread.tick(byTime(drain.packets), 10_000, [conntrackBatch(drain.records)]);
          }
          spread.tick([], 10_100);
          assert.deepEqual(flowsOf(spread).map(truth), flowsOf(whole).map(truth));
          assertCounted(flowsOf(spread), connections);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives the same flows whenever the inventory comes, and whatever conntrack’s events and lists leave out', () => {
    const arbitraryConnection = fc.record({
      way: fc.constantFrom<Way>('direct', 'service', 'hairpin', 'masqueraded', 'remapped'),
      protocol: fc.constantFrom<number>(IP_PROTOCOL.tcp, IP_PROTOCOL.udp),
      family: fc.constantFrom('v4' as const, 'v6' as const),
      /** Drains with its packets, which hold them all at once. */
      packets: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 }),
      /** Drain after which its event comes, null for one that is lost. */
      event: fc.option(fc.nat(3)),
      listed: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
    });
    const arbitraryOrder = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.nat(4));
    fc.assert(
      fc.property(
        fc.array(arbitraryConnection, { minLength: 1, maxLength: 4 }),
        arbitraryOrder,
        fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
        (all, objects, lists) => {
          const connections = all.map((one, index) => ({
            ...one,
            connection: connectionOf(one.way, index, one.protocol, one.family),
          }));
          const translated = connections.filter(({ way }) => way !== 'direct');
          const packetsIn = (drain: number): SeenPacket[] =>
            connections.flatMap(({ connection, packets }) =>
              packets.includes(drain)
                ? packetsOf(connection, { ...OPENING, time: 100 * (drain + 1), tcpFlags: TCP_FLAG.ack })
                : [],
            );
          const drains = [0, 1, 2, 3];
          const whole = newFlows();
          const made = translated.map(({ connection }) => conntrackRecord(connection, 'created'));
          whole.tick(drains.flatMap(packetsIn), 1000, [conntrackBatch(made)]);
          whole.tick([], 1100);

          const spread = new TestFlows(INTERFACES);
          const arrive = (drain: number): void => {
            const upserts = inventory().filter((_, index) => objects[index] === drain);
            if (upserts.length === 0) return;
            spread.inventory.update({ reset: false, upserts, deletedUids: [] }, BOOT + 100 * drain);
          };
          for (const drain of drains) {
            arrive(drain);
            const events = translated.filter(({ event }) => event === drain);
            const created = events.map(({ connection }) => conntrackRecord(connection, 'created'));
            // What a list has of entries that come and go while it is read is chance.
            const listed = translated
              .filter(({ listed: of }) => of.includes(drain))
              .map(({ connection }) => conntrackRecord(connection, 'listed'));
            const batches = [conntrackBatch(created)];
            if (lists.includes(drain)) batches.unshift(conntrackBatch(listed, 0, true));
            spread.tick(packetsIn(drain), 100 * (drain + 2), batches);
          }
          arrive(4);
          // After the kernel dropped events all is listed again.
          const again = translated.map(({ connection }) => conntrackRecord(connection, 'listed'));
          spread.tick([], 1000, [conntrackBatch(again, 0, true)]);
          spread.tick([], 1100);
          assert.deepEqual(flowsOf(spread).map(truth), flowsOf(whole).map(truth));
          assert.equal(flowsOf(spread).length, connections.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  /** One flow a connection, with each of its packets once. */
  function assertCounted(
    flows: readonly Flow[],
    connections: readonly { connection: TestConnection; shapes: readonly Shape[] }[],
  ): void {
    assert.equal(flows.length, connections.length);
    for (const { connection, shapes } of connections) {
      const flow = flows.find(({ client, server }) =>
        [client.port, server.port].includes(connection.client.port),
      );
      assert.ok(flow);
      const bytes = shapes.reduce((sum, shape) => sum + shape.bytes, 0);
      assert.equal(flow.sent.packets + flow.received.packets, shapes.length);
      assert.equal(flow.sent.bytes + flow.received.bytes, bytes);
    }
  }

  it('keeps every cgroup that sent as an end, whichever tuple carried it and whenever the tuples were joined', () => {
    const sending = fc.record({
      way: fc.constantFrom<'service' | 'hairpin'>('service', 'hairpin'),
      /** Of each packet: which of the tuples it is seen as, and its sender's cgroup; 1 is the root. */
      packets: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 8 }),
      learned: fc.nat(8),
    });
    fc.assert(
      fc.property(sending, ({ way, packets, learned }) => {
        const connection = connectionOf(way, 0, IP_PROTOCOL.tcp, 'v4');
        const known = new Map<string, readonly number[]>();
        const asked = ({ address, port, socket }: Question): void => {
          if (socket !== null) known.set(`${address}:${port}`, [socket.cgroup, ...socket.others]);
        };
        const flows = new TestFlows(INTERFACES, { asked });
        const noted = new Set<number>();
        packets.forEach(([tuple, cgroup], index) => {
          const time = 1000 + index * 100;
          const packet = packetsOf(connection, { ...OPENING, time })[tuple];
          assert.ok(packet);
          const drain = drainOf([packet]);
          setSide(drain.records, keyOf(packet).fromHigh, { cgroup });
          noted.add(cgroup);
          const records = index === learned ? [conntrackRecord(connection, 'created')] : [];
          flows.feed(drain, time + 50, 0, [conntrackBatch(records)]);
        });
        flows.tick([], 5000, [conntrackBatch([conntrackRecord(connection, 'created')])]);
        flows.tick([], 6000);
        // What the root's sockets send may be the kernel's own.
        if (noted.size > 1) noted.delete(1);
        const { address, port } = connection.client;
        assert.deepEqual([...(known.get(`${address}:${port}`) ?? [])].sort(), [...noted].sort());
        flows.tracker.endAll(BOOT + 7000);
        flows.table.forgetEnded(flows.table.sequence);
        assert.equal(flows.table.otherSenders.size, 0);
      }),
      { numRuns: 300 },
    );
  });
});
