import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DropStore } from './dropStore.ts';

describe('drops of flows', () => {
  it('keep by which side each was sent, also when flows become one and their sides change places', () => {
    const drops = new DropStore();
    const drop = { reason: 'A', point: null, node: 'node-a', netns: 1, ifindex: 0, packets: 1 };
    drops.add(7, { ...drop, fromHigh: false }, 100);
    drops.add(7, { ...drop, fromHigh: true }, 300);
    drops.add(7, { ...drop, fromHigh: true }, 300);
    drops.move(7, 8, true);
    assert.deepEqual(drops.times(8), {
      low: { first: 300, last: 300 },
      high: { first: 100, last: 100 },
      drops: [
        { ...drop, fromHigh: true },
        { ...drop, fromHigh: false, packets: 2 },
      ],
    });
    assert.deepEqual(drops.of(7), []);
  });

  it('are the same however they are spread over flows before those are joined', () => {
    const drop = fc.record({
      reason: fc.constantFrom('A', 'B'),
      at: fc.nat(1000),
      fromHigh: fc.boolean(),
      other: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(drop, { maxLength: 12 }), fc.boolean(), (all, turned) => {
        const [joined, whole] = [new DropStore(), new DropStore()];
        for (const { reason, at, fromHigh, other } of all) {
          const one = { reason, point: null, node: 'node-a', netns: 1, ifindex: 0, packets: 1, fromHigh };
          joined.add(other ? 1 : 2, { ...one, fromHigh: other ? fromHigh !== turned : fromHigh }, at);
          whole.add(2, one, at);
        }
        joined.move(1, 2, turned);
        const { low, high } = joined.times(2);
        const expected = whole.times(2);
        assert.deepEqual({ low, high }, { low: expected.low, high: expected.high });
        const byReason = (store: DropStore): unknown[] =>
          [...store.of(2)].sort(
            (a, b) => a.reason.localeCompare(b.reason) || Number(a.fromHigh) - Number(b.fromHigh),
          );
        assert.deepEqual(byReason(joined), byReason(whole));
      }),
    );
  });
});
