import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { InterfaceStatistics, InterfaceTopology, Topology } from '../model/topology.ts';
import { InterfaceRates } from './interfaceRates.ts';

const NETNS = 4026531840;

function statistics(receivedPackets: number, receivedBytes: number): InterfaceStatistics {
  return {
    ...{ receivedPackets, receivedBytes, receivedDropped: 0 },
    ...{ sentPackets: 0, sentBytes: 0, sentDropped: 0 },
  };
}

/** A node whose interfaces have these counters, by index. */
function wiring(counters: Readonly<Record<number, InterfaceStatistics>>): Topology {
  const interfaces = Object.entries(counters).map(([ifindex, counted]): InterfaceTopology => ({
    ...{ ifindex: Number(ifindex), name: `veth${ifindex}`, kind: 'veth', role: 'pod-veth', mac: '' },
    ...{ mtu: 1500, state: 'up', master: null, peer: null, addresses: [], pod: null },
    ...{ attached: true, promiscuous: false, statistics: counted },
  }));
  const own = { inode: NETNS, path: '/proc/1/ns/net', pod: null, routes: [], neighbours: [] };
  return {
    ...{ node: 'node-a', kernel: '6.18', sysctls: {} },
    namespaces: [{ ...own, fdb: [], sockets: [], interfaces }],
  };
}

describe('InterfaceRates', () => {
  it('says nothing before a second reading, then what was counted between them a second', () => {
    const rates = new InterfaceRates();
    rates.take(wiring({ 2: statistics(10, 1000) }), 0);
    assert.equal(rates.of(NETNS, 2), null);
    rates.take(wiring({ 2: statistics(60, 6000), 3: statistics(5, 5) }), 5000);
    assert.deepEqual(rates.of(NETNS, 2), statistics(10, 1000));
    assert.equal(rates.of(NETNS, 3), null, 'it was not there before');
  });

  it('takes the same counters told again for no reading, until the agent would have read them', () => {
    const rates = new InterfaceRates();
    rates.take(wiring({ 2: statistics(0, 0) }), 0);
    rates.take(wiring({ 2: statistics(50, 5000) }), 5000);
    rates.take(wiring({ 2: statistics(50, 5000) }), 7000);
    assert.equal(rates.of(NETNS, 2)?.receivedBytes, 1000);
    rates.take(wiring({ 2: statistics(50, 5000) }), 11_000);
    assert.equal(rates.of(NETNS, 2)?.receivedBytes, 0);
  });

  it('waits for a second to pass, and forgets an interface that was made anew', () => {
    const rates = new InterfaceRates();
    rates.take(wiring({ 2: statistics(0, 0) }), 0);
    rates.take(wiring({ 2: statistics(9, 9) }), 300);
    assert.equal(rates.of(NETNS, 2), null);
    rates.take(wiring({ 2: statistics(20, 20) }), 2000);
    assert.equal(rates.of(NETNS, 2)?.receivedPackets, 10);
    rates.take(wiring({ 2: statistics(1, 1) }), 7000);
    assert.equal(rates.of(NETNS, 2), null);
  });

  it('adds up, over all readings, to what was counted', () => {
    const step = fc.record({
      milliseconds: fc.integer({ min: 1000, max: 6000 }),
      packets: fc.integer({ min: 1, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const rates = new InterfaceRates();
        let [time, packets, sum] = [0, 0, 0];
        rates.take(wiring({ 2: statistics(0, 0) }), time);
        for (const next of steps) {
          time += next.milliseconds;
          packets += next.packets;
          rates.take(wiring({ 2: statistics(packets, 0) }), time);
          sum += ((rates.of(NETNS, 2)?.receivedPackets ?? NaN) * next.milliseconds) / 1000;
        }
        assert.ok(Math.abs(sum - packets) < 1e-6 * packets, `${sum} is not ${packets}`);
      }),
    );
  });
});
