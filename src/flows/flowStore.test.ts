import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FLOW, FLOW_BITS, FLOW_RECORD_BYTES } from '../model/flowRecord.ts';
import { FlowRecords } from '../model/flowRecords.ts';
import { FlowStore } from './flowStore.ts';
import { packFlows, packIds, packSightings, plainEndpoint, plainFlow, updateOf } from './testing/packFlow.ts';

const CLIENT = { id: 1, endpoint: plainEndpoint({ namespace: 'shop', name: 'web-1' }) };
const SERVER = { id: 2, endpoint: plainEndpoint({ namespace: 'shop', name: 'api-1' }) };

function storeWith(...flows: Parameters<typeof plainFlow>[0][]): FlowStore {
  const store = new FlowStore();
  store.apply(updateOf({ endpoints: [CLIENT, SERVER], flows: packFlows(flows.map(plainFlow)) }));
  return store;
}

describe('FlowStore', () => {
  it('replaces the record of a flow that is updated', () => {
    const store = storeWith({ id: 7, sentBytes: 100 });
    store.apply(updateOf({ flows: packFlows([plainFlow({ id: 7, sentBytes: 900 })]) }));
    assert.equal(store.size, 1);
    const detail = store.detail(0, 7);
    assert.ok(detail);
    assert.equal(new FlowRecords(detail.record).float64(0, FLOW.sentBytes), 900);
  });

  it('gives endpoints of several agents ids that do not meet', () => {
    const store = storeWith({ id: 1 });
    const other = { id: 1, endpoint: plainEndpoint({ namespace: 'shop', name: 'cart-9' }) };
    store.apply(updateOf({ agent: 5, endpoints: [other], flows: packFlows([plainFlow({ id: 1 })]) }));
    const name = (agent: number): string | null => {
      const detail = store.detail(agent, 1);
      assert.ok(detail);
      return store.endpoints.endpoint(new FlowRecords(detail.record).uint32(0, FLOW.client))?.name ?? null;
    };
    assert.equal(store.size, 2);
    assert.deepEqual([name(0), name(1)], ['web-1', 'cart-9']);
  });

  it('keeps the flows of an agent that starts anew, as ended, apart from its new ones', () => {
    const store = storeWith({ id: 1, sentBytes: 11 });
    const update = updateOf({ reset: true, flows: packFlows([plainFlow({ id: 1, sentBytes: 22 })]) });
    store.apply(update);
    assert.deepEqual([store.size, store.ended], [2, 1]);
    const bytes = [0, 1].map((agent) => {
      const detail = store.detail(agent, 1);
      assert.ok(detail);
      return new FlowRecords(detail.record).float64(0, FLOW.sentBytes);
    });
    assert.deepEqual(bytes, [11, 22]);
  });

  it('marks ended flows and drops the oldest beyond the bound, counted', () => {
    const store = new FlowStore({ ended: 2 });
    const ids = [1, 2, 3, 4];
    store.apply(updateOf({ flows: packFlows(ids.map((id) => plainFlow({ id }))) }));
    store.apply(updateOf({ ended: packIds([1, 2, 3]) }));
    assert.deepEqual([store.size, store.ended, store.droppedEnded], [3, 2, 1]);
    assert.equal(store.detail(0, 1), null);
    const detail = store.detail(0, 2);
    assert.ok(detail);
    assert.equal(new FlowRecords(detail.record).uint8(0, FLOW.bits) & FLOW_BITS.final, FLOW_BITS.final);
  });

  it('has a flow that was absorbed by another no more, live or ended, and does not count it as dropped', () => {
    const store = new FlowStore();
    store.apply(updateOf({ flows: packFlows([1, 2, 3].map((id) => plainFlow({ id }))) }));
    store.apply(updateOf({ ended: packIds([3]) }));
    store.apply(updateOf({ absorbed: packIds([2, 1, 3, 1, 99, 1]) }));
    assert.deepEqual([store.size, store.ended, store.droppedEnded], [1, 0, 0]);
    assert.equal(store.detail(0, 2), null);
    assert.ok(store.detail(0, 1));
  });

  it('takes a flow with the final bit as ended', () => {
    const flows = packFlows([plainFlow({ id: 1 })]);
    flows[FLOW.bits] = FLOW_BITS.final;
    const store = new FlowStore();
    store.apply(updateOf({ flows }));
    assert.equal(store.ended, 1);
  });

  it('measures rates over whole seconds and counts the flows that moved', () => {
    const store = storeWith({ id: 1, sentBytes: 0, receivedBytes: 0 }, { id: 2 });
    assert.equal(store.measure(10_000), true);
    assert.equal(store.measure(10_900), false);
    store.apply(updateOf({ flows: packFlows([plainFlow({ id: 1, sentBytes: 3000, receivedBytes: 1000 })]) }));
    assert.equal(store.measure(12_000), true);
    const slot = store.slotOf(0, 1);
    assert.ok(slot !== undefined);
    assert.equal(store.picture(12_000).rates[slot], 2000);
    assert.equal(store.activeFlows, 1);
  });

  it('names the sightings of a flow', () => {
    const store = storeWith({ id: 3 });
    const sighting = { point: 8, source: 1, sourcePort: 4000, destination: 2, destinationPort: 80 };
    const counts = { packets: 5, bytes: 500, first: 1, last: 2 };
    store.apply(
      updateOf({
        points: [
          {
            id: 8,
            node: 'node-a',
            netns: 7,
            interface: 'veth12',
            ifindex: 12,
            point: 'from-endpoint',
            inner: false,
          },
        ],
        addresses: [
          { id: 1, address: '10.244.0.2' },
          { id: 2, address: '10.244.0.3' },
        ],
        sightings: packSightings([{ flow: 3, ...sighting, ...counts }]),
      }),
    );
    assert.deepEqual(store.detail(0, 3)?.sightings, [
      {
        node: 'node-a',
        netns: 7,
        ifindex: 12,
        interface: 'veth12',
        point: 'from-endpoint',
        inner: false,
        source: '10.244.0.2',
        sourcePort: 4000,
        destination: '10.244.0.3',
        destinationPort: 80,
        ...counts,
      },
    ]);
  });

  it('refuses bytes that are not whole records', () => {
    assert.throws(() => {
      new FlowStore().apply(updateOf({ flows: new Uint8Array(FLOW_RECORD_BYTES + 1) }));
    }, /not whole records/);
  });

  it('gives every record back byte for byte, but for endpoint ids and agent, through growth and reuse', () => {
    const number = fc.double({ min: 0, max: 2 ** 53, noNaN: true });
    const flow = fc.record({
      id: fc.integer({ min: 1, max: 60 }),
      clientPort: fc.integer({ min: 0, max: 65535 }),
      sentPackets: number,
      receivedBytes: number,
      end: number,
      rttUs: fc.option(fc.integer({ min: 0, max: 0xfffffffe })),
    });
    const step = fc.record({
      flows: fc.array(flow, { maxLength: 30 }),
      ended: fc.array(fc.integer({ min: 1, max: 60 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const store = new FlowStore({ ended: 5 });
        const expected = new Map<number, Uint8Array>();
        for (const { flows, ended } of steps) {
          const packed = packFlows(flows.map(plainFlow));
          store.apply(updateOf({ flows: packed, ended: packIds(ended) }));
          flows.forEach(({ id }, row) => {
            expected.set(id, packed.slice(row * FLOW_RECORD_BYTES, (row + 1) * FLOW_RECORD_BYTES));
          });
        }
        for (const [id, record] of expected) {
          const detail = store.detail(0, id);
          if (detail === null) continue;
          const stored = new Uint8Array(detail.record);
          for (const offset of [FLOW.client, FLOW.server, FLOW.service, FLOW.agent]) {
            stored.fill(0, offset, offset + 4);
            record.fill(0, offset, offset + 4);
          }
          stored[FLOW.bits] = (stored[FLOW.bits] ?? 0) & ~FLOW_BITS.final;
          assert.deepEqual(stored, record);
        }
      }),
    );
  });
});
