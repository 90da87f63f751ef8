import assert from 'node:assert/strict';
import fc from 'fast-check';
import { COUNTED_KINDS } from '../model/interfaceView/traffic.ts';
import type { CountedKind } from '../model/interfaceView/traffic.ts';
import { wirings } from '../model/path/wiring.fixture.ts';
import type { Topology } from '../model/topology.ts';
import { FlowStore } from './flowStore.ts';
import type { CountedTraffic } from './interfaceCounter.ts';
import { InterfaceCounter } from './interfaceCounter.ts';
import type { PlainSighting } from './testing/packFlow.ts';
import { packFlows, packIds, packSightings, plainEndpoint, plainFlow, updateOf } from './testing/packFlow.ts';

const ADDRESSES = ['10.244.0.2', '10.244.0.3', '10.0.0.1', '192.0.2.7', '10.96.0.10', '10.244.1.2'];
const UPLINK = { node: 'node-a', netns: 1000, ifindex: 2 };
/** Of the uplink, inside of a tunnel's packets there, of the bridge, and of another node's uplink. */
const POINTS = [
  { ...UPLINK, id: 1, interface: 'eth0', point: 'to-network', inner: false },
  { ...UPLINK, id: 2, interface: 'eth0', point: 'to-network', inner: true },
  { ...UPLINK, id: 3, interface: 'cni0', point: 'to-bridge', inner: false, ifindex: 3 },
  { ...UPLINK, id: 4, interface: 'eth0', point: 'to-network', inner: false, node: 'node-b' },
];
const NAMES = {
  endpoints: ADDRESSES.map((address, index) => ({
    id: index + 1,
    endpoint: plainEndpoint({ kind: 'unknown', evidence: ['none'], address }),
  })),
  addresses: ADDRESSES.map((address, index) => ({ id: index + 1, address })),
  points: POINTS,
};

function nodeA(): Topology {
  const [topology] = wirings('hostgw');
  assert.ok(topology);
  return topology;
}

function seen(flow: number, parts: Partial<PlainSighting> = {}): PlainSighting {
  return {
    ...{ flow, point: 1, source: 1, sourcePort: 40_000, destination: 4, destinationPort: 80 },
    ...{ packets: 10, bytes: 1000, first: 0, last: 1 },
    ...parts,
  };
}

const countsOf = ({ counts }: CountedTraffic): Partial<Record<CountedKind, number>> =>
  Object.fromEntries(
    COUNTED_KINDS.map((kind) => [kind, counts[kind].packets] as const).filter(([, packets]) => packets > 0),
  );

describe('InterfaceCounter', () => {
  it('counts what was seen at its interface alone, by kind, and how fast it grows', () => {
    const store = new FlowStore();
    const counter = new InterfaceCounter(store, UPLINK);
    const update = (packets: number): void => {
      const sightings = [
        seen(1, { packets, bytes: packets * 100 }),
        seen(1, { point: 2, packets: 5, bytes: 500 }),
        seen(1, { point: 3, packets: 70 }),
        seen(1, { point: 4, packets: 700 }),
        seen(2, { source: 3, packets: 3, bytes: 300 }),
      ];
      const flows = [plainFlow({ id: 1, client: 1, server: 4 }), plainFlow({ id: 2, client: 3, server: 4 })];
      store.apply(updateOf({ ...NAMES, flows: packFlows(flows), sightings: packSightings(sightings) }));
    };
    update(10);
    const first = counter.read(nodeA(), 1000);
    assert.deepEqual(countsOf(first), { 'pod-to-outside': 10, 'host-network': 3 });
    assert.deepEqual(first.counts['pod-to-outside'].inner, { packets: 5, bytes: 500 });
    assert.equal(first.rates, null);
    update(30);
    const second = counter.read(nodeA(), 3000);
    assert.deepEqual(second.rates?.['pod-to-outside'], { packets: 10, bytes: 1000 });
    assert.deepEqual(second.rates['host-network'], { packets: 0, bytes: 0 });
    assert.equal(second.flowCount, 2);
    const [busiest] = second.flows;
    assert.deepEqual(busiest?.kinds, ['pod-to-outside']);
    assert.deepEqual(busiest.rate, { packets: 10, bytes: 1000 });
    assert.deepEqual([busiest.client.text, busiest.server.text], ['10.244.0.2', '192.0.2.7']);
  });

  it('counts of what a flow was taken for something else before only what is new', () => {
    const store = new FlowStore();
    const counter = new InterfaceCounter(store, UPLINK);
    const sightings = packSightings([seen(1)]);
    store.apply(updateOf({ ...NAMES, flows: packFlows([plainFlow({ client: 1, server: 4 })]), sightings }));
    assert.deepEqual(countsOf(counter.read(nodeA(), 0)), { 'pod-to-outside': 10 });
    const known = plainEndpoint({ address: '192.0.2.7', node: 'node-b', evidence: ['pod-ip'] });
    store.apply(updateOf({ endpoints: [{ id: 4, endpoint: known }] }));
    const after = counter.read(nodeA(), 1000);
    assert.deepEqual(countsOf(after), { 'pod-to-other-node': 10 });
    assert.deepEqual(after.rates?.['pod-to-other-node'], { packets: 0, bytes: 0 });
  });

  it('keeps what was seen of flows that are no longer kept, without their kind', () => {
    const store = new FlowStore({ ended: 1 });
    const counter = new InterfaceCounter(store, UPLINK);
    const flows = [1, 2, 3].map((id) => plainFlow({ id, client: 1, server: 4 }));
    const sightings = [
      ...[1, 2, 3].map((id) => seen(id)),
      ...[1, 2].map((id) => seen(id, { point: 2, packets: 1 })),
    ];
    store.apply(updateOf({ ...NAMES, flows: packFlows(flows), sightings: packSightings(sightings) }));
    store.apply(updateOf({ ended: packIds([1, 2]) }));
    const picture = counter.read(nodeA(), 0);
    assert.deepEqual(countsOf(picture), { 'pod-to-outside': 20 });
    assert.deepEqual(picture.departed, { packets: 10, bytes: 1000, inner: { packets: 1, bytes: 1000 } });
  });

  it('loses nothing: kinds and what is no longer kept make up all sightings there, as do their rates', () => {
    const place = fc.integer({ min: 1, max: ADDRESSES.length });
    const one = fc.record({
      flow: fc.integer({ min: 1, max: 8 }),
      point: fc.integer({ min: 1, max: POINTS.length }),
      source: place,
      destination: place,
      destinationPort: fc.constantFrom(80, 443),
      packets: fc.integer({ min: 1, max: 100 }),
    });
    const steps = fc.array(fc.record({ sightings: fc.array(one, { maxLength: 10 }), ended: fc.boolean() }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(steps, (made) => {
        const store = new FlowStore({ ended: 2 });
        const counter = new InterfaceCounter(store, UPLINK);
        let flow = 0;
        let [expected, expectedInner, grown] = [0, 0, 0];
        made.forEach(({ sightings, ended }, time) => {
          // Each step has flows of its own.
          const base = flow;
          flow += 8;
          const own = sightings.map((parts) =>
            seen(base + parts.flow, { ...parts, flow: base + parts.flow }),
          );
          const ids = [...new Set(own.map(({ flow: id }) => id))];
          const flows = ids.map((id) => plainFlow({ id, client: (id % 6) + 1, server: ((id + 1) % 6) + 1 }));
          store.apply(updateOf({ ...NAMES, flows: packFlows(flows), sightings: packSightings(own) }));
          if (ended) store.apply(updateOf({ ended: packIds(ids) }));
          const [before, beforeInner] = [expected, expectedInner];
          for (const { point, packets } of own) {
            if (point === 1) expected += packets;
            if (point === 2) expectedInner += packets;
          }
          grown = expected + expectedInner - before - beforeInner;
          const { counts, rates, departed } = counter.read(nodeA(), time * 1000);
          const kinds = COUNTED_KINDS.map((kind) => counts[kind]);
          assert.equal(
            kinds.reduce((sum, { packets }) => sum + packets, departed.packets),
            expected,
          );
          assert.equal(
            kinds.reduce((sum, { inner }) => sum + inner.packets, departed.inner.packets),
            expectedInner,
          );
          if (rates === null) return;
          const rate = COUNTED_KINDS.reduce((sum, kind) => sum + rates[kind].packets, 0);
          // Of flows that ended and went between two readings nothing is known but what they counted.
          assert.ok(rate <= grown, `${rate} of ${grown}`);
          if (departed.packets + departed.inner.packets === 0) assert.equal(rate, grown);
        });
      }),
    );
  });
});
