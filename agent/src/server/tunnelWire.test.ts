/** Tunnels on their way from kernel records to the extension's store, in the public JSON and over the wire. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Flow, FlowTunnel, TunnelKind } from '../../../src/model/flow.ts';
import { StreamFlowsResponseSchema } from '../../../src/model/wire/generated/vethscope_pb.js';
import type { FlowDetail } from '../../../src/flows/flowStore.ts';
import { FlowStore } from '../../../src/flows/flowStore.ts';
import { flowUpdateOf } from '../../../src/flows/flowUpdate.ts';
import { IP_PROTOCOL } from '../collector/flowLayout.ts';
import { flowJson } from '../flows/flowJson.ts';
import { BOOT, TestFlows } from '../flows/flowTable.fixture.ts';
import type { KernelTunnel, SeenPacket } from '../flows/kernelRecords.fixture.ts';
import { keyOf } from '../collector/flowKey.fixture.ts';
import { drainOf, setTunnel, tunnelEntries } from '../flows/kernelRecords.fixture.ts';
import { FlowEncoder } from './flowEncoder.ts';

const UPLINK = { ifindex: 2, name: 'eth0', role: 'uplink' } as const;
const GRE = 47;
const IP_IN_IP = 4;
/** Transparent Ethernet bridging: a frame is inside. */
const FRAME = 0x6558;
const ETHER_TYPE = { 4: 0x0800, 6: 0x86dd } as const;

type Family = 4 | 6;

interface Case {
  readonly kind: TunnelKind;
  readonly identifier: number;
  readonly outerFamily: Family;
  readonly innerFamily: Family;
  readonly ends: readonly [number, number];
  readonly ports: readonly [source: number, back: number];
  readonly framed: boolean;
  /** Whether a filter left the packets around out. */
  readonly outerMissing: boolean;
}

const PLAIN: Case = {
  kind: 'vxlan',
  identifier: 7,
  outerFamily: 4,
  innerFamily: 4,
  ends: [1, 101],
  ports: [1000, 2000],
  framed: true,
  outerMissing: false,
};

const port = fc.integer({ min: 1, max: 65_535 });
const family = fc.constantFrom<Family>(4, 6);
const CASE: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom<TunnelKind>('vxlan', 'geneve', 'gre', 'ip'),
  identifier: fc.integer({ min: 1, max: 0xffffff }),
  outerFamily: family,
  innerFamily: family,
  ends: fc
    .tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 101, max: 200 }))
    .chain(([a, b]) => fc.constantFrom<[number, number]>([a, b], [b, a])),
  ports: fc.tuple(port, port),
  framed: fc.boolean(),
  outerMissing: fc.boolean(),
});

function address(of: Family, net: number, host: number): string {
  return of === 4 ? `192.0.${net}.${host}` : `2001:db8:${net.toString(16)}::${host.toString(16)}`;
}

const packet = (parts: Partial<SeenPacket>): SeenPacket => ({
  from: '',
  fromPort: 0,
  to: '',
  toPort: 0,
  protocol: IP_PROTOCOL.udp,
  netns: 1,
  ifindex: UPLINK.ifindex,
  egress: true,
  bytes: 100,
  tcpFlags: 0,
  time: 10,
  ...parts,
});

/** Both directions of one flow through a tunnel, with what must be said of it. */
class Scene {
  readonly tunnels: readonly [KernelTunnel, KernelTunnel];
  readonly outer: readonly SeenPacket[];
  readonly inner: readonly [SeenPacket, SeenPacket];
  readonly #ports: readonly [number, number];

  constructor(of: Case) {
    const hasPorts = of.kind === 'vxlan' || of.kind === 'geneve';
    const [near, far] = of.ends.map((host) => address(of.outerFamily, 2, host)) as [string, string];
    const protocol = hasPorts ? IP_PROTOCOL.udp : of.kind === 'gre' ? GRE : IP_IN_IP;
    const device = hasPorts ? 8472 : 0;
    this.#ports = hasPorts ? of.ports : [0, 0];
    const common = { kind: of.kind, identifier: of.kind === 'ip' ? 0 : of.identifier, protocol, netns: 1 };
    this.tunnels = [
      { ...common, id: 11, source: near, destination: far, port: device },
      { ...common, id: 13, source: far, destination: near, port: device },
    ];
    const detail = of.kind !== 'gre' ? 0 : of.framed ? FRAME : ETHER_TYPE[of.innerFamily];
    this.outer = this.tunnels.map(({ source, destination }, index) =>
      packet({
        from: source,
        fromPort: this.#ports[index] ?? 0,
        to: destination,
        toPort: device,
        protocol,
        egress: index === 0,
        detail,
      }),
    );
    const ends = { client: address(of.innerFamily, 5, 1), server: address(of.innerFamily, 5, 2) };
    this.inner = [
      packet({ from: ends.client, fromPort: 40_000, to: ends.server, toPort: 53, inner: true }),
      packet({
        from: ends.server,
        fromPort: 53,
        to: ends.client,
        toPort: 40_000,
        egress: false,
        inner: true,
      }),
    ];
  }

  /** What a drain gives: the packets inside name the tunnels. */
  drain(withOuter: boolean): ReturnType<typeof drainOf> {
    const inside = drainOf(this.inner);
    this.inner.forEach((one, index) => {
      setTunnel(inside.records, keyOf(one).fromHigh, this.tunnels[index]?.id ?? 0, this.#ports[index] ?? 0);
    });
    const outside = drainOf(withOuter ? this.outer : []);
    return {
      records: Buffer.concat([inside.records, outside.records]),
      count: inside.count + outside.count,
    };
  }

  expected(outerId: (index: number) => string | null): FlowTunnel[] {
    return this.tunnels.map(({ kind, identifier, source, destination, port: destinationPort }, index) => ({
      direction: index === 0 ? 'sent' : 'received',
      kind,
      identifier: kind === 'ip' ? null : identifier,
      source,
      sourcePort: this.#ports[index] ?? 0,
      destination,
      destinationPort,
      flow: outerId(index),
    }));
  }
}

/** Through the message as it is on the wire, to what the extension holds. */
function stored(flows: TestFlows): FlowStore {
  const message = new FlowEncoder(flows.table).encode(flows.rows());
  const bytes = toBinary(StreamFlowsResponseSchema, create(StreamFlowsResponseSchema, message));
  const store = new FlowStore();
  store.apply(
    flowUpdateOf({ agent: 0, reset: false, message: fromBinary(StreamFlowsResponseSchema, bytes) }),
  );
  return store;
}

function inJson(flows: TestFlows): Flow[] {
  return flows.rows().map((row) => flowJson(flows.table, row, 's'));
}

const numberOf = (id: string): number => Number(id.slice(2));

function detailOf(store: FlowStore, id: string): FlowDetail {
  const detail = store.detail(0, numberOf(id));
  assert.ok(detail);
  return detail;
}

describe('tunnels in the JSON and over the wire', () => {
  it('say what carries each direction, and which flow that is', () => {
    fc.assert(
      fc.property(CASE, (of) => {
        const scene = new Scene(of);
        const flows = new TestFlows([UPLINK], { tunnels: () => tunnelEntries(scene.tunnels) });
        flows.feed(scene.drain(!of.outerMissing), 500, 0);
        const all = inJson(flows);
        const [inner, ...others] = all.filter(({ server }) => server.port === 53);
        assert.ok(inner);
        assert.deepEqual(others, []);
        const outerId = (index: number): string | null => {
          const seen = scene.outer[index];
          const found = all.find(({ sightings }) =>
            sightings.some(
              ({ tuple }) =>
                tuple.source === seen?.from &&
                tuple.destination === seen.to &&
                tuple.sourcePort === seen.fromPort,
            ),
          );
          return found?.id ?? null;
        };
        const expected = scene.expected(outerId);
        assert.deepEqual(inner.tunnels, expected);
        assert.equal(
          expected.some(({ flow }) => flow === null),
          of.outerMissing,
        );
        const detail = detailOf(stored(flows), inner.id);
        assert.deepEqual(
          detail.tunnels,
          expected.map((tunnel) => ({
            ...tunnel,
            flow: tunnel.flow === null ? null : { agent: 0, flow: numberOf(tunnel.flow) },
          })),
        );
        assert.deepEqual(
          detail.sightings.map(({ inner: inside }) => inside),
          inner.sightings.map(() => true),
        );
      }),
    );
  });

  it('are read from the kernel only when an id is new, and an id that it does not know is asked for once', () => {
    const scene = new Scene(PLAIN);
    let reads = 0;
    const flows = new TestFlows([UPLINK], {
      tunnels: () => {
        reads += 1;
        return tunnelEntries(scene.tunnels.slice(0, 1));
      },
    });
    for (let tick = 1; tick <= 5; tick += 1) flows.feed(scene.drain(true), tick * 500, 0);
    assert.equal(reads, 2);
    const inner = inJson(flows).find(({ server }) => server.port === 53);
    assert.deepEqual(
      inner?.tunnels.map(({ direction }) => direction),
      ['sent'],
    );
  });

  it('find a flow around that comes later, keep the link when it has ended, and forget names with the last flow that uses them', () => {
    const scene = new Scene({ ...PLAIN, kind: 'geneve', outerFamily: 6, ends: [101, 1] });
    const flows = new TestFlows([UPLINK], { tunnels: () => tunnelEntries(scene.tunnels) });
    const links = (): (string | null)[] =>
      inJson(flows)
        .filter(({ server }) => server.port === 53)
        .flatMap(({ tunnels }) => tunnels.map(({ flow }) => flow));
    flows.feed(scene.drain(false), 500, 0);
    assert.deepEqual(links(), [null, null]);
    flows.feed(scene.drain(true), 1000, 0);
    const linked = links();
    assert.ok(linked.every((flow) => flow !== null) && linked.length === 2);
    for (const row of flows.rows()) {
      if (linked.includes(`s-${flows.table.idOf(row)}`)) flows.table.end(row);
    }
    flows.feed(scene.drain(false), 1500, 0);
    assert.deepEqual(links(), linked);
    flows.tracker.endAll(BOOT + 2000);
    flows.table.forgetEnded(flows.table.sequence);
    assert.equal(flows.table.names.carriers.size, 0);
  });
});
