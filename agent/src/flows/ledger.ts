import type { PointCounters } from '../../native/index.d.ts';
import type {
  DnsCounts,
  DropCounts,
  Ledger,
  NatCounts,
  PointLedger,
  SelfCost,
  UnparsedCause,
} from '../../../src/model/ledger.ts';
import { UNPARSED_CAUSES } from '../../../src/model/ledger.ts';
import { EVENT_KIND, EVENT_NAMES } from '../collector/flowLayout.ts';
import type { PointRegistry } from './pointRegistry.ts';
import type { OutsideRows } from './recordIntake.ts';

/** Losses on the agent's own side of the kernel. */
export interface AgentLosses {
  readonly outside: OutsideRows;
  /** Events that came faster than they were read. */
  readonly eventsDropped: number;
  readonly dns: DnsCounts;
  readonly drops: DropLosses;
  readonly nat: NatCounts;
  /** Flow updates that stalled readers missed; where rows are printed, ended flows that made room before they were. */
  readonly queueDropped: number;
  readonly streamGap: number;
}

/** Packets that the kernel dropped, and what it did not tell of each. */
export interface DropLosses {
  readonly counts: DropCounts;
  readonly eventsLost: number;
  readonly suppressed: number;
}

/** In place of a name: interfaces that went away so long ago that others have their places in the kernel's counters. */
const GONE = 'gone';

/** Adds up what was seen, counted and lost. */
export function ledgerOf(
  counters: readonly PointCounters[],
  points: PointRegistry,
  losses: AgentLosses,
  cost: SelfCost | null,
): Ledger {
  const sum = (of: (point: PointCounters) => number): number =>
    counters.reduce((total, point) => total + of(point), 0);
  const unparsed = Object.fromEntries(
    UNPARSED_CAUSES.map((cause, index) => [cause, sum((point) => point.unparsed[index] ?? 0)]),
  ) as Record<UnparsedCause, number>;
  return {
    seen: sum((point) => point.packets),
    counted: sum((point) => point.counted),
    unparsed,
    mapFull: sum((point) => point.mapFull),
    filtered: sum((point) => point.filtered),
    inner: {
      counted: sum((point) => point.innerCounted),
      unparsed: sum((point) => point.innerUnparsed),
      mapFull: sum((point) => point.innerMapFull),
      pointsOverflow: sum((point) => point.innerPointsOverflow),
    },
    looseFragments: sum((point) => point.looseFragments),
    pointsOverflow: sum((point) => point.pointsOverflow),
    eventsLost: sum((point) => point.eventsLost) + losses.eventsDropped + losses.drops.eventsLost,
    suppressed: Object.fromEntries(
      EVENT_NAMES.flatMap((name, kind) => {
        const beyond = kind === EVENT_KIND.drop ? losses.drops.suppressed : 0;
        const count = sum((point) => point.suppressed[kind] ?? 0) + beyond;
        return count > 0 ? [[name, count]] : [];
      }),
    ),
    dns: losses.dns,
    drops: losses.drops.counts,
    nat: losses.nat,
    folded: losses.outside.folded + losses.outside.unplaced,
    queueDropped: losses.queueDropped,
    streamGap: losses.streamGap,
    own: losses.outside.own,
    byPoint: counters.map((point) => pointLedger(point, points)),
    cost,
  };
}

function pointLedger(counters: PointCounters, points: PointRegistry): PointLedger {
  const point = points.lookup(counters.index * 8 + (counters.direction === 'egress' ? 2 : 0));
  return {
    interface: point?.facts.interface ?? (counters.ifindex === 0 ? GONE : `#${counters.ifindex}`),
    ifindex: counters.ifindex,
    netns: points.inodeOf(counters.netns),
    point: point?.name ?? counters.direction,
    seen: counters.packets,
    counted: counters.counted,
    unparsed: counters.unparsed.reduce((sum, count) => sum + count, 0),
    mapFull: counters.mapFull,
    filtered: counters.filtered,
    pointsOverflow: counters.pointsOverflow,
    buffers: counters.buffers,
    bytes: counters.bytes,
  };
}
