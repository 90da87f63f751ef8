import assert from 'node:assert/strict';
import { IP_PROTOCOL, KEY } from '../collector/flowLayout.ts';
import type { Question } from '../identity/question.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import {
  ANSWER,
  FAMILIES,
  HAIRPIN,
  INTERFACES,
  OPENING,
  SERVICE,
  connectionOf,
  flowsOf,
  inventory,
  newFlows,
  packetsOf,
} from './flowJoin.fixture.ts';
import { BOOT, TestFlows } from './flowTable.fixture.ts';

/** Ports of a side's socket, its own first. */
function portsOf({ socket }: Question): number[] {
  if (socket === null) return [];
  const { view, offset, high } = socket.end;
  const fields = high ? [KEY.highPort, KEY.lowPort] : [KEY.lowPort, KEY.highPort];
  return fields.map((field) => view.getUint16(offset + field, true));
}

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
      evidence: ['service-ip'],
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

  it('tells readers when the Service, or that the address after SNAT is the node’s, is known later', () => {
    const flows = new TestFlows(INTERFACES);
    const listed = inventory();
    const add = (upserts: typeof listed): void =>
      flows.inventory.update({ reset: false, upserts, deletedUids: [] }, BOOT);
    add(listed.filter(({ kind }) => kind === 'Pod'));
    flows.tick(packetsOf(HAIRPIN, OPENING), 200, [conntrackBatch([conntrackRecord(HAIRPIN, 'created')])]);
    const facts = (): unknown[] => {
      const [flow] = flowsOf(flows);
      return [flow?.service?.name, flow?.nat[1]?.kind];
    };
    assert.deepEqual(facts(), [undefined, 'snat']);
    for (const [kind, expected] of [
      ['Service', ['web', 'snat']],
      ['Node', ['web', 'masquerade']],
    ] as const) {
      const told = flows.table.sequence;
      add(listed.filter((object) => object.kind === kind));
      flows.tick([], 300);
      assert.deepEqual(facts(), expected);
      assert.equal([...flows.table.changedSince(told)].length, 1, kind);
    }
  });

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
