import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Flow } from '../../../src/model/flow.ts';
import { IP_PROTOCOL, KEY, RECORD_BYTES, viewOf } from '../collector/flowLayout.ts';
import type { TranslatedBy } from '../nat/conntrackFeed.ts';
import type { TestConnection } from '../nat/conntrackRecords.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import { CiliumQuestions } from './ciliumQuestions.ts';
import type { Shape, Way } from './flowJoin.fixture.ts';
import {
  ANSWER,
  FAMILIES,
  HAIRPIN,
  OPENING,
  SERVICE,
  WEB_VETH,
  CLIENT_VETH,
  byTime,
  connectionOf,
  flowsOf,
  newFlows,
  packetsOf,
  truth,
} from './flowJoin.fixture.ts';
import type { TestFlows } from './flowTable.fixture.ts';
import { BOOT } from './flowTable.fixture.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';
import { drainOf } from './kernelRecords.fixture.ts';

function answers(
  connections: readonly TestConnection[],
  by: TranslatedBy = 'cilium',
): ReturnType<typeof conntrackBatch> {
  const records = connections.map((connection) => conntrackRecord({ ...connection, id: 1 }, 'listed'));
  return conntrackBatch(records, 0, false, by);
}

/** As a socket that Cilium connected elsewhere sends: no packet has the address that was asked. */
function fromSocket(
  { client, server, protocol }: TestConnection,
  { reply, time, bytes, tcpFlags }: Shape,
): SeenPacket[] {
  const [from, to] = reply ? [server, client] : [client, server];
  const ends = { from: from.address, fromPort: from.port, to: to.address, toPort: to.port };
  const packet = { ...ends, protocol, netns: 1, bytes, tcpFlags, time };
  return [
    { ...packet, ifindex: CLIENT_VETH.ifindex, egress: reply },
    { ...packet, ifindex: WEB_VETH.ifindex, egress: !reply },
  ];
}

function only(flows: TestFlows): Flow {
  const [flow, ...others] = flowsOf(flows);
  assert.ok(flow);
  assert.deepEqual(others, []);
  return flow;
}

describe('flows that Cilium translates', () => {
  it('are one flow each, with the Service and with Cilium as the evidence for who answered', () => {
    const flows = newFlows();
    flows.tick([...packetsOf(SERVICE, OPENING), ...packetsOf(SERVICE, ANSWER)], 200, [answers([SERVICE])]);
    const flow = only(flows);
    assert.deepEqual(flow.server.evidence, ['veth', 'pod-ip', 'cilium']);
    assert.equal(flow.service?.name, 'web');
    assert.deepEqual(flow.nat, [{ kind: 'dnat', from: '10.96.0.10:80', to: '10.244.1.6:8080' }]);
    assert.deepEqual(new Set(flow.sightings.map(({ tuple }) => tuple.destination)).size, 3);
  });

  it('tell of a pod that reaches itself', () => {
    const flows = newFlows();
    const loopback = { ...HAIRPIN, source: { address: '169.254.42.1', port: HAIRPIN.client.port } };
    flows.tick(packetsOf(loopback, OPENING), 200, [answers([loopback])]);
    assert.deepEqual(
      only(flows).nat.map(({ kind, to }) => `${kind} ${to}`),
      ['dnat 10.244.1.6:8080', 'snat 169.254.42.1:40000'],
    );
  });

  it('may be translated further by netfilter, whichever is known first', () => {
    const { service, outside, gateway, client } = FAMILIES.v4;
    const from = { address: client, port: 40_000 };
    const asked = { address: service, port: 80 };
    const server = { address: outside, port: 6443 };
    const whole = {
      id: 1,
      protocol: IP_PROTOCOL.tcp,
      client: from,
      asked,
      server,
      source: { address: gateway, port: 40_000 },
    };
    const byCilium = answers([{ ...whole, source: from }]);
    const byNetfilter = conntrackBatch([conntrackRecord({ ...whole, id: 77, asked: server }, 'created')]);
    const seen = packetsOf(whole, OPENING);
    const expected = ['dnat 192.0.2.7:6443', 'masquerade 172.31.0.2:40000'];
    const orders = [[[byNetfilter, byCilium]], [[byCilium], [byNetfilter]], [[byNetfilter], [byCilium]]];
    for (const order of orders) {
      const flows = newFlows();
      order.forEach((batches, index) => flows.tick(index === 0 ? seen : [], 200 + index, batches));
      assert.deepEqual(
        only(flows).nat.map(({ kind, to }) => `${kind} ${to}`),
        expected,
      );
      assert.ok(only(flows).service !== null);
    }
  });

  it('may have no packet with the address asked, where a socket was connected elsewhere', () => {
    const flows = newFlows();
    const packets = [...fromSocket(SERVICE, OPENING), ...fromSocket(SERVICE, ANSWER)];
    flows.tick(packets, 200, [answers([SERVICE], 'cilium-socket')]);
    const flow = only(flows);
    assert.deepEqual([flow.service?.name, flow.server.evidence], ['web', ['veth', 'pod-ip', 'cilium']]);
    assert.deepEqual(flow.nat, [{ kind: 'dnat', from: '10.96.0.10:80', to: '10.244.1.6:8080' }]);
    assert.deepEqual(
      new Set(flow.sightings.map(({ tuple: { source, destination } }) => [source, destination].sort().join()))
        .size,
      1,
    );
  });

  it('have the client’s socket as it is connected: to who answers, where Cilium connected it', () => {
    const asked = new Map<string, number[]>();
    const flows = newFlows(1024, ({ socket, address }) => {
      if (socket === null) return;
      const { view, offset, high } = socket.end;
      const ports = high ? [KEY.highPort, KEY.lowPort] : [KEY.lowPort, KEY.highPort];
      asked.set(
        address,
        ports.map((field) => view.getUint16(offset + field, true)),
      );
    });
    flows.tick(fromSocket(SERVICE, OPENING), 200, [answers([SERVICE], 'cilium-socket')]);
    assert.deepEqual(asked.get(SERVICE.client.address), [SERVICE.client.port, SERVICE.server.port]);
    assert.deepEqual(asked.get(SERVICE.server.address), [SERVICE.server.port, SERVICE.client.port]);
  });

  it('are told apart where two sockets asked the same from the same port and got others', () => {
    const flows = newFlows();
    const other = { ...SERVICE, server: { address: '10.244.1.9', port: 8080 } };
    const both = [SERVICE, other];
    flows.tick(
      both.flatMap((one) => fromSocket(one, OPENING)),
      200,
      [answers(both, 'cilium-socket')],
    );
    flows.tick(
      both.flatMap((one) => fromSocket(one, ANSWER)),
      300,
      [answers(both, 'cilium-socket')],
    );
    const shown = flowsOf(flows).map(({ server, service, sent, received, final }) => [
      server.address,
      service?.name,
      sent.packets,
      received.packets,
      final,
    ]);
    assert.deepEqual(shown.sort(), [
      ['10.244.1.6', 'web', 1, 1, false],
      ['10.244.1.9', 'web', 1, 1, false],
    ]);
  });

  it('end when the same tuple goes to another backend, and are forgotten when nothing translates it any more', () => {
    const flows = newFlows();
    const moved = { ...SERVICE, server: { address: '10.244.1.9', port: 8080 } };
    flows.tick(packetsOf(SERVICE, OPENING), 200, [answers([SERVICE])]);
    flows.tick(packetsOf(moved, { ...OPENING, time: 300 }), 400, [answers([moved])]);
    const ends = flowsOf(flows).map(({ server, final }) => [server.address, final]);
    assert.deepEqual(ends.sort(), [
      ['10.244.1.6', true],
      ['10.244.1.9', false],
    ]);
    flows.tracker.endAll(BOOT + 500);
    const direct = connectionOf('direct', 0, IP_PROTOCOL.tcp, 'v4');
    const drain = drainOf(packetsOf(direct, { ...OPENING, time: 600 }));
    flows.feed(
      drain,
      700,
      0,
      [],
      [],
      false,
      Array.from({ length: drain.count }, (_, index) => index * RECORD_BYTES),
    );
    const last = flowsOf(flows).find(({ final }) => !final);
    assert.deepEqual([last?.server.address, last?.nat, last?.service], ['10.244.1.6', [], null]);
  });

  it('are asked for once: when they are new, begin anew, or go to a Service that nobody answers for', () => {
    const flows = newFlows();
    const questions = new CiliumQuestions(flows.table);
    const isAsked = (packets: readonly SeenPacket[]): boolean[] => {
      const { records, count } = drainOf(packets);
      return Array.from({ length: count }, (_, index) =>
        questions.isAsked(viewOf(records), index * RECORD_BYTES),
      );
    };
    const [atClient] = packetsOf(SERVICE, { ...OPENING, tcpFlags: 16 });
    assert.ok(atClient);
    assert.deepEqual(isAsked([atClient]), [true]);
    flows.tick([atClient], 200);
    assert.deepEqual(isAsked([atClient]), [true]);
    flows.tick([atClient], 300, [answers([SERVICE])]);
    assert.deepEqual(isAsked([atClient]), [false]);
    assert.deepEqual(isAsked([{ ...atClient, tcpFlags: OPENING.tcpFlags }]), [true]);
    const direct = packetsOf(connectionOf('direct', 1, IP_PROTOCOL.tcp, 'v4'), { ...OPENING, tcpFlags: 16 });
    flows.tick(direct, 400);
    assert.deepEqual(new Set(isAsked(direct)), new Set([false]));
  });

  it('are the same flows whenever the answer comes', () => {
    const arbitrary = fc.record({
      way: fc.constantFrom<Way>('direct', 'service', 'hairpin', 'masqueraded'),
      protocol: fc.constantFrom<number>(IP_PROTOCOL.tcp, IP_PROTOCOL.udp),
      /** Drains with its packets, and the first one that has its answer. */
      packets: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 }),
      answer: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 4 }), (all) => {
        const connections = all.map((one, index) => ({
          ...one,
          connection: connectionOf(one.way, index, one.protocol, 'v4'),
        }));
        const translated = connections.filter(({ way }) => way !== 'direct');
        const drains = [0, 1, 2, 3];
        const packetsIn = (drain: number): SeenPacket[] =>
          connections.flatMap(({ connection, packets }) =>
            packets.includes(drain)
              ? packetsOf(connection, { ...OPENING, time: 100 * (drain + 1), tcpFlags: 16 })
              : [],
          );
        const whole = newFlows();
        whole.tick(byTime(drains.flatMap(packetsIn)), 1000, [
          answers(translated.map(({ connection }) => connection)),
        ]);
        whole.tick([], 1100);
        const spread = newFlows();
        for (const drain of drains) {
          const told = translated.filter(
            ({ answer, packets }) => answer === drain || (answer < drain && packets.includes(drain)),
          );
          spread.tick(byTime(packetsIn(drain)), 1000, [answers(told.map(({ connection }) => connection))]);
        }
        spread.tick([], 1100);
        assert.deepEqual(flowsOf(spread).map(truth), flowsOf(whole).map(truth));
      }),
      { numRuns: 200 },
    );
  });
});
