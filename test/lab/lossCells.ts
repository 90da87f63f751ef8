/** The cells of a ledger that say what was lost or left out, and the sums that must hold whatever they say. */
import assert from 'node:assert/strict';
import type { Ledger } from '../../src/model/ledger.ts';
import type { Flow } from '../../src/model/flow.ts';

/** Those that are not zero. Left out is what other namespaces of the machine move: `drops.skipped`. */
export function lossCells(ledger: Ledger): Record<string, number> {
  const { dns, drops, inner } = ledger;
  const cells: Record<string, number> = {
    ...named('unparsed', ledger.unparsed),
    ...named('suppressed', ledger.suppressed),
    ...named('inner', { ...inner, counted: 0 }),
    ...named('dns', { ...dns, messages: 0 }),
    ...named('drops', {
      unattributed: drops.unattributed,
      filtered: drops.filtered,
      unclaimed: drops.unclaimed,
    }),
    mapFull: ledger.mapFull,
    filtered: ledger.filtered,
    looseFragments: ledger.looseFragments,
    pointsOverflow: ledger.pointsOverflow,
    eventsLost: ledger.eventsLost,
    folded: ledger.folded,
    queueDropped: ledger.queueDropped,
    streamGap: ledger.streamGap,
    own: ledger.own,
  };
  return Object.fromEntries(Object.entries(cells).filter(([, count]) => count !== 0));
}

/** What passed a point was counted, or is in the cell that says why not; at each point and over all. */
export function assertPointsAddUp(ledger: Ledger): void {
  for (const point of ledger.byPoint) {
    const place = `${point.interface} ${point.point}`;
    assert.equal(point.seen, point.counted + point.unparsed + point.mapFull + point.filtered, place);
  }
  const sum = (figure: 'seen' | 'counted' | 'unparsed' | 'mapFull' | 'filtered' | 'pointsOverflow'): number =>
    ledger.byPoint.reduce((total, point) => total + point[figure], 0);
  assert.deepEqual(
    [sum('seen'), sum('counted'), sum('unparsed'), sum('mapFull'), sum('filtered'), sum('pointsOverflow')],
    [
      ledger.seen,
      ledger.counted,
      Object.values(ledger.unparsed).reduce((total, count) => total + count, 0),
      ledger.mapFull,
      ledger.filtered,
      ledger.pointsOverflow,
    ],
    'the whole is the sum of the points',
  );
}

/** What was counted is in a sighting, or in the cell that says why not. */
export function assertSightingsAddUp(flows: readonly Flow[], ledger: Ledger): void {
  const sighted = flows
    .flatMap((flow) => flow.sightings)
    .filter((sighting) => !sighting.inner)
    .reduce((sum, { packets }) => sum + packets, 0);
  assert.equal(sighted + ledger.pointsOverflow + ledger.folded + ledger.own, ledger.counted);
}

function named(prefix: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}.${name}`, count]));
}
