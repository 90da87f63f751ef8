import { formatCount, formatPlural } from '../format.ts';
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
  return drops.map((drop) => {
    const after = lastPassed(drop, points);
    return {
      drop,
      after,
      place: placeOf(drop, wirings),
      isOfCopies: after !== null && endsCopies(after, points),
    };
  });
}

/** Whether what is dropped behind a point are the copies that a promiscuous bridge takes: no packet is missing after them. */
function endsCopies(after: number, points: readonly PathPoint[]): boolean {
  if (points[after]?.aside?.kind !== 'copies') return false;
  const before = points.slice(0, after).findLast(isOnWay)?.seen;
  const next = points.slice(after + 1).find(isOnWay)?.seen;
  if (before === undefined || before === null || next === undefined || next === null) return false;
  return next.packets >= before.packets;
}

const isOnWay = ({ aside, seen }: PathPoint): boolean => aside === null && seen !== null;

/** What became of packets, and where, in one line. */
export function lossText({ drop, place, isOfCopies }: Loss): string {
  return `${lostPackets(drop, isOfCopies)} dropped at ${place}: ${drop.reason}`;
}

/** What was dropped, with its number. */
export function lostPackets({ packets }: Drop, isOfCopies: boolean): string {
  return isOfCopies
    ? `${formatCount(packets)} ${packets === 1 ? 'copy' : 'copies'}`
    : formatPlural(packets, 'packet');
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
