import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Flow } from '../../../src/model/flow.ts';
import { IP_PROTOCOL, KEY, TCP_FLAG } from '../collector/flowLayout.ts';
import type { Question } from '../identity/question.ts';
import type { TestConnection } from '../nat/conntrackRecords.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import { flowJson } from './flowJson.ts';
import { BOOT, TestFlows } from './flowTable.fixture.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';

const CLIENT = { namespace: 'shop', name: 'client', uid: 'uid-client' };
const WEB = { namespace: 'shop', name: 'web', uid: 'uid-web' };
const CLIENT_VETH = { ifindex: 5, name: 'veth5', role: 'pod-veth', pod: CLIENT } as const;
const WEB_VETH = { ifindex: 6, name: 'veth6', role: 'pod-veth', pod: WEB } as const;
const BRIDGE = { ifindex: 3, name: 'cni0', role: 'bridge' } as const;
const UPLINK = { ifindex: 2, name: 'eth0', role: 'uplink' } as const;
const INTERFACES = [CLIENT_VETH, WEB_VETH, BRIDGE, UPLINK];

const NODE = '172.31.0.2';
const FAMILIES = {
  v4: { client: '10.244.1.5', service: '10.96.0.10', web: '10.244.1.6', outside: '192.0.2.7', gateway: NODE },
  v6: {
    client: 'fd00::5',
    service: 'fd00:96::10',
    web: 'fd00::6',
    outside: '2001:db8::7',
    gateway: 'fd00::1',
  },
};

type Way = 'direct' | 'service' | 'hairpin' | 'masqueraded' | 'remapped';

/** A connection of the client pod, by what NAT does to it. */
function connectionOf(way: Way, index: number, protocol: number, family: 'v4' | 'v6'): TestConnection {
  const { client, service, web, outside, gateway } = FAMILIES[family];
  const echo = protocol === IP_PROTOCOL.icmp;
  const port = 40_000 + index;
  const end = (address: string, own: number): TestConnection['client'] => ({
    address,
    port: echo ? port : own,
  });
  const from = end(client, port);
  const base = { id: index + 1, protocol, client: from, source: from };
  if (way === 'direct') return { ...base, asked: end(web, 8080), server: end(web, 8080) };
  if (way === 'service') return { ...base, asked: end(service, 80), server: end(web, 8080) };
  if (way === 'masqueraded') {
    return { ...base, asked: end(outside, 443), server: end(outside, 443), source: end(gateway, port) };
  }
  // SNAT may give another port, and another echo id.
  const other = { address: way === 'hairpin' ? gateway : client, port: 60_000 + index };
  const answers = echo ? { address: web, port: other.port } : end(web, 8080);
  return { ...base, asked: end(service, 80), server: answers, source: other };
}

/** One packet with each tuple at the points where it passes so: veth, bridge between DNAT and SNAT, server's side. */
function packetsOf(connection: TestConnection, shape: Shape): SeenPacket[] {
  const { client, asked, server, source, protocol } = connection;
  const { reply, time, bytes, tcpFlags } = shape;
  const plainServer = protocol === IP_PROTOCOL.icmp ? { ...server, port: client.port } : server;
  const out = server.address === asked.address && source.address !== client.address ? UPLINK : WEB_VETH;
  const seen = (from: typeof client, to: typeof client, ifindex: number, egress: boolean): SeenPacket => {
    const [a, b] = reply ? [to, from] : [from, to];
    const ends = { from: a.address, fromPort: a.port, to: b.address, toPort: b.port };
    const flags = protocol === IP_PROTOCOL.tcp ? tcpFlags : 0;
    return { ...ends, protocol, netns: 1, ifindex, egress: egress !== reply, bytes, tcpFlags: flags, time };
  };
  const atClient = seen(client, asked, CLIENT_VETH.ifindex, false);
  const atServer = seen(source, server, out.ifindex, true);
  const isRemapped = source.address === client.address && source.port !== client.port;
  if (isRemapped) return [atClient, atServer];
  return [atClient, seen(client, plainServer, BRIDGE.ifindex, false), atServer];
}

interface Shape {
  readonly reply: boolean;
  readonly time: number;
  readonly bytes: number;
  readonly tcpFlags: number;
}

function flowsOf(flows: TestFlows): Flow[] {
  return flows
    .rows()
    .map((row) => flowJson(flows.table, row, 's'))
    .sort((a, b) => a.client.port - b.client.port || a.server.port - b.server.port);
}

/** What must not depend on the order of things; a handshake's packets are spread against time here. */
function truth(flow: Flow): object {
  const { id, client, server, ...rest } = flow;
  assert.ok(id);
  // A flow that NAT left alone has the evidence of the moment when it was first counted.
  const end = (one: Flow['client']): object => (flow.nat.length === 0 ? { ...one, evidence: null } : one);
  const tcp = flow.tcp === null ? null : { ...flow.tcp, handshakeUs: null };
  return { ...rest, client: end(client), server: end(server), tcp };
}

function newFlows(maxFlows = 1024, asked: (question: Question) => void = () => {}): TestFlows {
  const flows = new TestFlows(INTERFACES, { maxFlows, asked });
  flows.inventory.update({ reset: true, upserts: inventory(), deletedUids: [] }, BOOT - 5000);
  return flows;
}

/** Ports of a side's socket, its own first. */
function portsOf({ socket }: Question): number[] {
  if (socket === null) return [];
  const { view, offset, high } = socket.end;
  const fields = high ? [KEY.highPort, KEY.lowPort] : [KEY.lowPort, KEY.highPort];
  return fields.map((field) => view.getUint16(offset + field, true));
}

function inventory(): Parameters<TestFlows['inventory']['update']>[0]['upserts'] {
  const metadata = { namespace: 'shop', creationTimestamp: '2025-12-31T00:00:00Z' };
  const pod = ({ name, uid }: typeof WEB, ...ips: string[]): object => ({
    kind: 'Pod',
    metadata: { ...metadata, name, uid },
    spec: { nodeName: 'node-a', containers: [{ name }] },
    status: { phase: 'Running', startTime: metadata.creationTimestamp, podIPs: ips.map((ip) => ({ ip })) },
  });
  return [
    pod(CLIENT, FAMILIES.v4.client, FAMILIES.v6.client),
    pod(WEB, FAMILIES.v4.web, FAMILIES.v6.web),
    {
      kind: 'Service',
      metadata: { ...metadata, name: 'web', uid: 'uid-service' },
      spec: {
        type: 'ClusterIP',
        clusterIPs: [FAMILIES.v4.service, FAMILIES.v6.service],
        ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      },
      status: { loadBalancer: {} },
    },
    {
      kind: 'Node',
      metadata: { name: 'node-a', uid: 'uid-node', creationTimestamp: metadata.creationTimestamp },
      spec: { podCIDRs: [] },
      status: {
        addresses: [{ type: 'InternalIP', address: NODE }],
        nodeInfo: { operatingSystem: 'linux', architecture: 'amd64' },
      },
    },
  ] as never;
}

const OPENING = { reply: false, time: 100, bytes: 74, tcpFlags: TCP_FLAG.syn };
const ANSWER = { reply: true, time: 101, bytes: 74, tcpFlags: TCP_FLAG.syn | TCP_FLAG.ack };

const SERVICE = connectionOf('service', 0, IP_PROTOCOL.tcp, 'v4');
const HAIRPIN = connectionOf('hairpin', 0, IP_PROTOCOL.tcp, 'v4');

describe('join across NAT', () => {
  it('looks for sockets as they are connected: the client’s to where it asked, the server’s to what SNAT made', () => {
    const asked = new Map<string, number[]>();
    const flows = newFlows(1024, (question) => {
      if (question.socket !== null) asked.set(question.address, portsOf(question));
    });
    flows.tick(packetsOf(HAIRPIN, OPENING), 200, [conntrackBatch([conntrackRecord(HAIRPIN, 'created')])]);
    const { client, web } = FAMILIES.v4;
    assert.deepEqual(asked.get(client), [HAIRPIN.client.port, HAIRPIN.asked.port]);
    assert.deepEqual(asked.get(web), [HAIRPIN.server.port, HAIRPIN.source.port]);
  });

  it('makes one flow of a connection through a Service: client, Service, backend, and each tuple where it was seen', () => {
    const flows = newFlows();
    const packets = [...packetsOf(SERVICE, OPENING), ...packetsOf(SERVICE, ANSWER)];
    flows.tick(packets, 200, [conntrackBatch([conntrackRecord(SERVICE, 'created')])]);
    const [flow, ...others] = flowsOf(flows);
    assert.ok(flow);
    assert.deepEqual(others, []);
    assert.deepEqual([flow.client.name, flow.client.port], ['client', 40_000]);
    assert.deepEqual([flow.server.name, flow.server.port], ['web', 8080]);
    assert.deepEqual(flow.server.evidence, ['veth', 'pod-ip', 'conntrack']);
    assert.deepEqual(flow.service, {
      namespace: 'shop',
      name: 'web',
      address: '10.96.0.10',
      port: 80,
      portName: 'http',
      type: 'ClusterIP',
    });
    assert.deepEqual(flow.nat, [{ kind: 'dnat', from: '10.96.0.10:80', to: '10.244.1.6:8080' }]);
    assert.deepEqual(
      [flow.sent, flow.received],
      [
        { packets: 1, bytes: 74 },
        { packets: 1, bytes: 74 },
      ],
    );
    assert.equal(flow.tcp?.handshakeUs, 1000);
    assert.deepEqual(
      flow.sightings.map(({ interface: name, point, tuple }) => [
        name,
        point,
        tuple.source,
        tuple.destination,
      ]),
      [
        ['veth5', 'from-endpoint', '10.244.1.5', '10.96.0.10'],
        ['veth6', 'to-endpoint', '10.244.1.5', '10.244.1.6'],
        ['cni0', 'from-bridge', '10.244.1.5', '10.244.1.6'],
        ['veth5', 'to-endpoint', '10.96.0.10', '10.244.1.5'],
        ['veth6', 'from-endpoint', '10.244.1.6', '10.244.1.5'],
        ['cni0', 'to-bridge', '10.244.1.6', '10.244.1.5'],
      ],
    );
    assert.equal(flows.join.joinedLate, 0);
  });

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

  it('tells the address after SNAT, and masquerade by the node having it', () => {
    const flows = newFlows();
    const outward = connectionOf('masqueraded', 1, IP_PROTOCOL.tcp, 'v4');
    const records = [HAIRPIN, outward].map((connection) => conntrackRecord(connection, 'created'));
    const packets = [HAIRPIN, outward].flatMap((connection) => packetsOf(connection, OPENING));
    flows.tick(packets, 200, [conntrackBatch(records)]);
    const [hairpin, masqueraded] = flowsOf(flows);
    assert.deepEqual(hairpin?.nat, [
      { kind: 'dnat', from: '10.96.0.10:80', to: '10.244.1.6:8080' },
      { kind: 'masquerade', from: '10.244.1.5:40000', to: '172.31.0.2:60000' },
    ]);
    assert.deepEqual(masqueraded?.nat, [
      { kind: 'masquerade', from: '10.244.1.5:40001', to: '172.31.0.2:40001' },
    ]);
    assert.equal(masqueraded.service, null);
  });

  it('joins later what was counted before, under the id that readers have, and tells of the one that is no more', () => {
    const flows = newFlows();
    flows.tick(packetsOf(HAIRPIN, OPENING), 200);
    const before = flowsOf(flows).map(({ id }) => id);
    assert.equal(before.length, 3);
    const told = flows.table.sequence;
    flows.tick([], 300, [conntrackBatch([conntrackRecord(HAIRPIN, 'listed')], 0, true)]);
    const [flow, ...others] = flowsOf(flows);
    assert.deepEqual(others, []);
    assert.equal(flow?.id, 's-1');
    assert.deepEqual(
      flows.table.absorbed.since(told).map(({ id, into }) => [id, into]),
      [
        [2, 1],
        [3, 1],
      ],
    );
    assert.deepEqual(flow.sent, { packets: 1, bytes: 74 });
    assert.equal(flows.join.joinedLate, 1);
  });

  it('leaves the same tuple of another namespace alone', () => {
    const flows = newFlows();
    const elsewhere = packetsOf(SERVICE, OPENING).map((packet) => ({ ...packet, netns: 2 }));
    const records = [conntrackBatch([conntrackRecord(SERVICE, 'created')])];
    flows.tick([...packetsOf(SERVICE, OPENING), ...elsewhere], 200, records);
    assert.deepEqual(
      flowsOf(flows)
        .map(({ nat }) => nat.length)
        .sort(),
      [0, 0, 1],
    );
  });

  it('starts another flow when the tuple goes to another backend', () => {
    const flows = newFlows();
    flows.tick(packetsOf(SERVICE, OPENING), 200, [conntrackBatch([conntrackRecord(SERVICE, 'created')])]);
    const later = { ...SERVICE, id: 77, server: { address: FAMILIES.v4.client, port: 8080 } };
    const records = [conntrackRecord(SERVICE, 'destroyed'), conntrackRecord(later, 'created')];
    flows.tick(packetsOf(later, { ...OPENING, time: 400 }), 500, [conntrackBatch(records, BOOT + 200)]);
    const all = flowsOf(flows);
    assert.deepEqual(all.map(({ server, final, sent }) => [server.name, final, sent.packets]).sort(), [
      ['client', false, 1],
      ['web', true, 1],
    ]);
  });

  it('does not join an earlier connection that had a tuple of this one', () => {
    const flows = newFlows();
    const direct = { ...SERVICE, asked: SERVICE.server };
    flows.tick(packetsOf(direct, OPENING), 200);
    const packets = packetsOf(SERVICE, { ...OPENING, time: 5000 });
    flows.tick(packets, 5200, [conntrackBatch([conntrackRecord(SERVICE, 'created')], BOOT + 4000)]);
    assert.deepEqual(
      flowsOf(flows).map(({ final, nat, sent }) => [final, nat.length, sent.packets]),
      [
        [true, 0, 1],
        [false, 1, 1],
      ],
    );
    assert.equal(flows.join.joinedLate, 0);
  });

  it('gives all rows of a flow back, and folds what finds no room', () => {
    const flows = newFlows(3);
    for (let round = 0; round < 5; round += 1) {
      const connection = { ...HAIRPIN, id: round + 1 };
      const time = 1000 + round * 200_000;
      const record = conntrackRecord(connection, 'created');
      flows.tick(packetsOf(connection, { ...OPENING, time }), time + 100, [
        conntrackBatch([record], BOOT + time - 10),
      ]);
      const other = connectionOf('service', 9, IP_PROTOCOL.udp, 'v4');
      flows.tick(packetsOf(other, { ...OPENING, time: time + 150 }), time + 200);
      assert.deepEqual(
        flowsOf(flows).map(({ sent }) => sent.packets),
        [1],
      );
      assert.equal(flows.intake.outside.folded, 3 * (round + 1));
      for (const later of [10_000, 199_000]) flows.tick([], time + later);
      flows.table.forgetEnded(flows.table.sequence);
      assert.equal(flows.table.size, 0);
      assert.equal(flows.table.names.addresses.size, 0);
    }
  });
});

function byTime(packets: readonly SeenPacket[]): SeenPacket[] {
  return [...packets].sort((a, b) => a.time - b.time);
}
