import type { DropCounts, Ledger, SelfCost } from '../model/ledger.ts';
import { UNPARSED_CAUSES } from '../model/ledger.ts';
import type { UnparsedCause } from '../model/ledger.ts';

/** One ledger over several agents: figures added up, points listed one after the other. Null without any. */
export function sumLedgers(ledgers: readonly Ledger[]): Ledger | null {
  if (ledgers.length === 0) return null;
  const sum = (figure: (ledger: Ledger) => number): number =>
    ledgers.reduce((total, ledger) => total + figure(ledger), 0);
  return {
    seen: sum((ledger) => ledger.seen),
    counted: sum((ledger) => ledger.counted),
    unparsed: Object.fromEntries(
      UNPARSED_CAUSES.map((cause) => [cause, sum((ledger) => ledger.unparsed[cause])]),
    ) as Record<UnparsedCause, number>,
    mapFull: sum((ledger) => ledger.mapFull),
    filtered: sum((ledger) => ledger.filtered),
    inner: {
      counted: sum((ledger) => ledger.inner.counted),
      unparsed: sum((ledger) => ledger.inner.unparsed),
      mapFull: sum((ledger) => ledger.inner.mapFull),
      pointsOverflow: sum((ledger) => ledger.inner.pointsOverflow),
    },
    looseFragments: sum((ledger) => ledger.looseFragments),
    pointsOverflow: sum((ledger) => ledger.pointsOverflow),
    eventsLost: sum((ledger) => ledger.eventsLost),
    suppressed: sumByName(ledgers.map((ledger) => ledger.suppressed)),
    dns: {
      messages: sum((ledger) => ledger.dns.messages),
      malformed: sum((ledger) => ledger.dns.malformed),
      unmatched: sum((ledger) => ledger.dns.unmatched),
      duplicates: sum((ledger) => ledger.dns.duplicates),
      unassembled: sum((ledger) => ledger.dns.unassembled),
      namesEvicted: sum((ledger) => ledger.dns.namesEvicted),
    },
    drops: sumDrops(ledgers.map((ledger) => ledger.drops)),
    nat: {
      available: ledgers.every((ledger) => ledger.nat.available),
      translations: sum((ledger) => ledger.nat.translations),
      joinedLate: sum((ledger) => ledger.nat.joinedLate),
      overruns: sum((ledger) => ledger.nat.overruns),
      evicted: sum((ledger) => ledger.nat.evicted),
      initiatorsAsked: sum((ledger) => ledger.nat.initiatorsAsked),
      initiatorsTold: sum((ledger) => ledger.nat.initiatorsTold),
    },
    folded: sum((ledger) => ledger.folded),
    queueDropped: sum((ledger) => ledger.queueDropped),
    streamGap: sum((ledger) => ledger.streamGap),
    own: sum((ledger) => ledger.own),
    byPoint: ledgers.flatMap((ledger) => ledger.byPoint),
    cost: sumCosts(ledgers.map((ledger) => ledger.cost).filter((cost) => cost !== null)),
  };
}

/** Available where any agent tells of drops: the sum is then theirs. */
function sumDrops(drops: readonly DropCounts[]): DropCounts {
  const sum = (figure: (one: DropCounts) => number): number =>
    drops.reduce((total, one) => total + figure(one), 0);
  return {
    available: drops.some((one) => one.available),
    total: sum((one) => one.total),
    byReason: sumByName(drops.map((one) => one.byReason)),
    unattributed: sum((one) => one.unattributed),
    filtered: sum((one) => one.filtered),
    unclaimed: sum((one) => one.unclaimed),
    skipped: sum((one) => one.skipped),
  };
}

function sumByName(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const record of records) {
    for (const [name, figure] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + figure;
  }
  return sums;
}

/** Times per packet and drop are the dearest agent's: a sum or a mean of them would say nothing. */
function sumCosts(costs: readonly SelfCost[]): SelfCost | null {
  if (costs.length === 0) return null;
  const sum = (figure: (cost: SelfCost) => number): number =>
    costs.reduce((total, cost) => total + figure(cost), 0);
  return {
    nanosecondsPerPacket: dearest(costs.map((cost) => cost.nanosecondsPerPacket)),
    nanosecondsPerDrop: dearest(costs.map((cost) => cost.nanosecondsPerDrop)),
    programsCpu: sumOfKnown(costs.map((cost) => cost.programsCpu)),
    cpu: sum((cost) => cost.cpu),
    residentBytes: sum((cost) => cost.residentBytes),
    kernelMapBytes: sumOfKnown(costs.map((cost) => cost.kernelMapBytes)),
    flows: sum((cost) => cost.flows),
    mapEntries: sum((cost) => cost.mapEntries),
    mapPeak: sum((cost) => cost.mapPeak),
    mapCapacity: sum((cost) => cost.mapCapacity),
  };
}

function dearest(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Null where nobody knows. */
function sumOfKnown(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? null : known.reduce((total, figure) => total + figure, 0);
}
