import { formatPlural } from '../format.ts';
import type { Drop } from '../flow.ts';
import type { Loss, PathPoint } from './flowPath.ts';
import { whose } from './wirings.ts';
import type { Wirings } from './wirings.ts';

/** What happens to a packet behind the last hook of the interface that it goes out of. */
const BEHIND_EGRESS: ReadonlySet<string> = new Set([
  'QDISC_DROP',
  'QDISC_OVERLIMIT',
  'QDISC_CONGESTED',
  'FULL_RING',
  'DEV_READY',
]);

/**
 * Where on a way packets were dropped. The kernel tells the interface where a packet was: that by which it came in, or
 * by which it would have gone out.
 */
export function lossesOf(drops: readonly Drop[], points: readonly PathPoint[], wirings: Wirings): Loss[] {
  return drops.map((drop) => ({ drop, after: lastPassed(drop, points), place: placeOf(drop, wirings) }));
}

/** What became of packets, and where, in one line. */
export function lossText({ drop, place }: Loss): string {
  return `${formatPlural(drop.packets, 'packet')} dropped at ${place}: ${drop.reason}`;
}

function lastPassed(drop: Drop, points: readonly PathPoint[]): number | null {
  const isThere = ({ node, netns }: PathPoint): boolean => node === drop.node && netns === drop.netns;
  const isAt = (point: PathPoint): boolean =>
    isThere(point) && point.ifindex === drop.ifindex && !point.inner;
  const came = points.findLastIndex((point) => isAt(point) && !point.egress);
  if (came >= 0) return came;
  const going = points.findIndex(isAt);
  if (going >= 0) return BEHIND_EGRESS.has(drop.reason) ? going : going - 1;
  // At another interface of a namespace of the way, or at none.
  const seen = points.findLastIndex((point) => isThere(point) && point.seen !== null);
  if (seen >= 0) return seen;
  const first = points.findIndex(isThere);
  return first >= 0 ? first - 1 : null;
}

function placeOf({ node, netns, point }: Drop, wirings: Wirings): string {
  const place = wirings.namespaceOf(node, netns);
  const where = place === null ? `node ${node}` : whose(place);
  return point === null ? where : `${point} of ${where}`;
}
