import type { InterfaceStatistics } from '../topology.ts';

/** The kernel's counters of an interface at a time, milliseconds since the epoch. */
export interface Reading {
  readonly time: number;
  readonly statistics: InterfaceStatistics;
}

/**
 * What each counter grew by in a second, between two readings. Null where there is no time between them, or where a counter is
 * lower than before: the interface was made anew.
 */
export function ratesBetween(before: Reading, after: Reading): InterfaceStatistics | null {
  const seconds = (after.time - before.time) / 1000;
  if (seconds <= 0) return null;
  const rate = (name: keyof InterfaceStatistics): number =>
    (after.statistics[name] - before.statistics[name]) / seconds;
  const rates: InterfaceStatistics = {
    receivedPackets: rate('receivedPackets'),
    receivedBytes: rate('receivedBytes'),
    receivedDropped: rate('receivedDropped'),
    sentPackets: rate('sentPackets'),
    sentBytes: rate('sentBytes'),
    sentDropped: rate('sentDropped'),
  };
  return Object.values(rates).some((value: number) => value < 0) ? null : rates;
}
