import assert from 'node:assert/strict';
import type { Ledger } from '../model/ledger.ts';
import { UNPARSED_CAUSES } from '../model/ledger.ts';
import { sumLedgers } from './ledgerSum.ts';

function ledger(figure: number, nanoseconds: number | null): Ledger {
  const cost = {
    cpu: 0.5,
    residentBytes: 10,
    flows: 1,
    mapEntries: 2,
    mapPeak: 3,
    mapCapacity: 4,
  };
  return {
    seen: figure,
    counted: figure,
    unparsed: Object.fromEntries(UNPARSED_CAUSES.map((cause) => [cause, figure])) as Ledger['unparsed'],
    mapFull: figure,
    filtered: figure,
    inner: { counted: figure, unparsed: figure, mapFull: figure, pointsOverflow: figure },
    looseFragments: figure,
    pointsOverflow: figure,
    eventsLost: figure,
    suppressed: { [`kind-${figure}`]: figure, both: 1 },
    dns: {
      messages: figure,
      malformed: figure,
      unmatched: figure,
      duplicates: figure,
      unassembled: figure,
      namesEvicted: figure,
    },
    drops: {
      available: figure === 2,
      total: figure,
      byReason: { NO_SOCKET: figure },
      unattributed: figure,
      filtered: figure,
      unclaimed: figure,
      skipped: figure,
    },
    nat: {
      available: true,
      translations: figure,
      joinedLate: figure,
      overruns: figure,
      evicted: figure,
      initiatorsAsked: figure,
      initiatorsTold: figure,
    },
    folded: figure,
    queueDropped: figure,
    streamGap: figure,
    own: figure,
    byPoint: [],
    cost: {
      ...cost,
      nanosecondsPerPacket: nanoseconds,
      nanosecondsPerDrop: nanoseconds,
      programsCpu: nanoseconds,
      kernelMapBytes: nanoseconds,
    },
  };
}

describe('sumLedgers', () => {
  it('is null without a ledger and the same with one', () => {
    assert.equal(sumLedgers([]), null);
    assert.deepEqual(sumLedgers([ledger(3, 100)]), ledger(3, 100));
  });

  it('adds every figure and keeps the dearest time per packet', () => {
    const sum = sumLedgers([ledger(1, 100), ledger(2, 300), ledger(4, null)]);
    assert.ok(sum);
    const { suppressed, cost, unparsed, inner, dns, drops, nat, byPoint, ...figures } = sum;
    assert.deepEqual(byPoint, []);
    assert.deepEqual(new Set(Object.values(figures)), new Set([7]));
    assert.deepEqual(new Set(Object.values(unparsed)), new Set([7]));
    assert.deepEqual(drops, {
      available: true,
      total: 7,
      byReason: { NO_SOCKET: 7 },
      unattributed: 7,
      filtered: 7,
      unclaimed: 7,
      skipped: 7,
    });
    const joined = {
      translations: 7,
      joinedLate: 7,
      overruns: 7,
      evicted: 7,
      initiatorsAsked: 7,
      initiatorsTold: 7,
    };
    assert.deepEqual(nat, { available: true, ...joined });
    assert.deepEqual(new Set(Object.values(dns)), new Set([7]));
    assert.deepEqual(inner, { counted: 7, unparsed: 7, mapFull: 7, pointsOverflow: 7 });
    assert.deepEqual(suppressed, { 'kind-1': 1, 'kind-2': 2, 'kind-4': 4, both: 3 });
    assert.deepEqual(cost, {
      nanosecondsPerPacket: 300,
      nanosecondsPerDrop: 300,
      programsCpu: 400,
      cpu: 1.5,
      residentBytes: 30,
      kernelMapBytes: 400,
      flows: 3,
      mapEntries: 6,
      mapPeak: 9,
      mapCapacity: 12,
    });
  });

  it('knows no time where no agent does', () => {
    const cost = sumLedgers([ledger(1, null), ledger(2, null)])?.cost;
    const { nanosecondsPerPacket, nanosecondsPerDrop, programsCpu, kernelMapBytes } = cost ?? {};
    assert.deepEqual(
      [nanosecondsPerPacket, nanosecondsPerDrop, programsCpu, kernelMapBytes],
      [null, null, null, null],
    );
  });
});
