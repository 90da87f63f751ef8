import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SIGHTING, SIGHTING_RECORD_BYTES } from '../model/flowRecord.ts';
import { SightingStore } from './sightingStore.ts';
import { packSightings } from './testing/packFlow.ts';

/** Records that differ in their packets. */
function records(packets: readonly number[]): Uint8Array {
  return packSightings(
    packets.map((count) => ({
      flow: 1,
      point: 1,
      source: 1,
      sourcePort: 1,
      destination: 1,
      destinationPort: 1,
      packets: count,
      bytes: 0,
      first: 0,
      last: 0,
    })),
  );
}

function packetsOf(store: SightingStore, slot: number): number[] {
  const held = store.get(slot);
  return Array.from({ length: held.count }, (_, row) => held.float64(row, SIGHTING.packets));
}

describe('SightingStore', () => {
  it('holds what was last put, appended or removed, through growth and compaction', () => {
    const slot = fc.integer({ min: 0, max: 40 });
    const step = fc.oneof(
      fc.record({
        kind: fc.constantFrom('put', 'append'),
        slot,
        packets: fc.array(fc.nat(), { maxLength: 120 }),
      }),
      fc.record({ kind: fc.constant('remove'), slot, packets: fc.constant([]) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const store = new SightingStore();
        const expected = new Map<number, readonly number[]>();
        for (const { kind, slot: at, packets } of steps) {
          if (kind === 'remove') store.remove(at);
          else if (kind === 'put') store.put(at, records(packets));
          else store.append(at, records(packets));
          const before = kind === 'append' ? (expected.get(at) ?? []) : [];
          expected.set(at, [...before, ...packets]);
        }
        for (const [at, packets] of expected) assert.deepEqual(packetsOf(store, at), packets);
      }),
    );
  });

  it('does not grow while the same slots are put again and again', () => {
    const store = new SightingStore();
    for (let round = 0; round < 2000; round++) {
      for (let slot = 0; slot < 10; slot++) {
        store.put(slot, records(Array.from({ length: 1 + (round % 8) }, () => 1)));
      }
    }
    assert.ok(store.capacity <= 2048 * SIGHTING_RECORD_BYTES, `${store.capacity} bytes`);
  });
});
