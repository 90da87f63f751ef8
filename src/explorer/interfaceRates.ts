import type { Reading } from '../model/interfaceView/rates.ts';
import { ratesBetween } from '../model/interfaceView/rates.ts';
import type { InterfaceStatistics, NamespaceTopology, Topology } from '../model/topology.ts';

/** Readings nearer to each other than this say little of a rate, milliseconds. */
const SHORTEST = 1000;
/** The agent reads all statistics every 5 s: counters that are older and the same stood still. */
const LONGEST = 6000;

interface NamespaceReading {
  readonly time: number;
  readonly statistics: ReadonlyMap<number, InterfaceStatistics>;
  readonly rates: ReadonlyMap<number, InterfaceStatistics>;
}

/**
 * Rates of a node's interfaces between two readings of their counters. The wiring is also told when only a part of it was read
 * again, with the counters of before elsewhere: those are no new reading.
 */
export class InterfaceRates {
  readonly #readings = new Map<number, NamespaceReading>();

  /** @param now milliseconds since the epoch */
  take({ namespaces }: Topology, now: number): void {
    const inodes = new Set(namespaces.map(({ inode }) => inode));
    for (const inode of this.#readings.keys()) if (!inodes.has(inode)) this.#readings.delete(inode);
    for (const namespace of namespaces) this.#takeNamespace(namespace, now);
  }

  /** Per second; null where there were no two readings yet. */
  of(netns: number, ifindex: number): InterfaceStatistics | null {
    return this.#readings.get(netns)?.rates.get(ifindex) ?? null;
  }

  /** Readings that nobody follows grow old. */
  forget(): void {
    this.#readings.clear();
  }

  #takeNamespace({ inode, interfaces }: NamespaceTopology, now: number): void {
    const statistics = new Map(interfaces.map((link) => [link.ifindex, link.statistics]));
    const before = this.#readings.get(inode);
    if (before === undefined) {
      this.#readings.set(inode, { time: now, statistics, rates: new Map() });
      return;
    }
    const elapsed = now - before.time;
    if (elapsed < SHORTEST || (elapsed < LONGEST && !moved(before.statistics, statistics))) return;
    const rates = new Map<number, InterfaceStatistics>();
    for (const [ifindex, counters] of statistics) {
      const earlier = before.statistics.get(ifindex);
      if (earlier === undefined) continue;
      const rate = ratesBetween(reading(before.time, earlier), reading(now, counters));
      if (rate !== null) rates.set(ifindex, rate);
    }
    this.#readings.set(inode, { time: now, statistics, rates });
  }
}

const reading = (time: number, statistics: InterfaceStatistics): Reading => ({ time, statistics });

function moved(
  before: ReadonlyMap<number, InterfaceStatistics>,
  after: ReadonlyMap<number, InterfaceStatistics>,
): boolean {
  for (const [ifindex, { receivedPackets, receivedDropped, sentPackets, sentDropped }] of after) {
    const earlier = before.get(ifindex);
    if (earlier === undefined) continue;
    if (earlier.receivedPackets !== receivedPackets || earlier.sentPackets !== sentPackets) return true;
    if (earlier.receivedDropped !== receivedDropped || earlier.sentDropped !== sentDropped) return true;
  }
  return false;
}
