import assert from 'node:assert/strict';
import type { InterfaceStatistics } from '../topology.ts';
import { ratesBetween } from './rates.ts';

const at = (packets: number): InterfaceStatistics => ({
  receivedPackets: packets,
  receivedBytes: packets * 100,
  receivedDropped: 0,
  sentPackets: 0,
  sentBytes: 0,
  sentDropped: 0,
});

describe('ratesBetween', () => {
  it('is growth in a second', () => {
    const rates = ratesBetween({ time: 1000, statistics: at(10) }, { time: 6000, statistics: at(60) });
    assert.deepEqual([rates?.receivedPackets, rates?.receivedBytes, rates?.sentBytes], [10, 1000, 0]);
  });

  it('is not known without time between, and where a counter began anew', () => {
    assert.equal(ratesBetween({ time: 1, statistics: at(1) }, { time: 1, statistics: at(2) }), null);
    assert.equal(ratesBetween({ time: 1, statistics: at(9) }, { time: 1001, statistics: at(2) }), null);
  });
});
