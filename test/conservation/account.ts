/** Both sides of the account of one interface and direction, and whether they agree. */
import type { Ledger, PointLedger } from '../../src/model/ledger.ts';
import { ETHERNET_HEADER } from '../lab/truth/packetCounters.ts';
import type { HookCount } from './hookCounters.ts';
import { directionOf, pointKey } from './tally.ts';
import type { Sighted, Tally } from './tally.ts';

export interface PointAccount {
  readonly netns: string;
  readonly kernel: HookCount;
  /** Null where the agent lists nothing, which is right where nothing passed. */
  readonly agent: PointLedger | null;
  readonly sighted: Sighted;
}

export interface Judgement {
  /** Every buffer is one packet, so wire packets and bytes can be compared with the kernel's too. */
  readonly offloads: boolean;
}

/** @param inode of the namespace that the counters are in */
export function accountsOf(
  netns: string,
  inode: number,
  kernel: readonly HookCount[],
  tally: Tally,
): PointAccount[] {
  const ledgers = new Map(
    ledgerOf(tally)
      .byPoint.filter((point) => point.netns === inode)
      .map((point) => [pointKey(inode, point.ifindex, directionOf(point.point)), point]),
  );
  return kernel.map((count) => ({
    netns,
    kernel: count,
    agent: ledgers.get(pointKey(inode, count.ifindex, count.direction)) ?? null,
    sighted: tally.of(inode, count.ifindex, count.direction),
  }));
}

export function ledgerOf(tally: Tally): Ledger {
  if (!tally.ledger) throw new Error('the output does not end with the ledger');
  return tally.ledger;
}

/** What does not agree at a point, in words; nothing when all is accounted for. */
export function disagreements(account: PointAccount, { offloads }: Judgement): string[] {
  const { kernel, agent, sighted } = account;
  const found: string[] = [];
  const expect = (what: string, ours: number, theirs: number): void => {
    if (ours !== theirs) found.push(`${what}: ${ours} is not ${theirs} (${ours - theirs})`);
  };
  if (!agent) {
    expect('buffers that the agent does not list', 0, kernel.all.packets);
    return found;
  }
  expect('seen = counted + unparsed + map full + filtered', sumOf(agent), agent.seen);
  expect('sightings + points overflow = counted', sighted.packets + agent.pointsOverflow, agent.counted);
  if (!kernel.fromStart) {
    // Another program made it and put it up at once, so the first packets may be missing on either side. Its TCP began
    // later, by our own hand, in packets too small to share a buffer.
    expect("TCP packets in sightings = the kernel's", sighted.tcpPackets, kernel.tcp.packets);
    return found;
  }
  expect("buffers = the kernel's", agent.buffers, kernel.all.packets);
  if (offloads) return found;
  expect("seen = the kernel's, one packet a buffer", agent.seen, kernel.all.packets);
  expect("bytes = the kernel's", agent.bytes, kernel.all.bytes + headersOf(account));
  return found;
}

export function sumOf(agent: PointLedger): number {
  return agent.counted + agent.unparsed + agent.mapFull + agent.filtered;
}

/** At ingress nftables counts from the IP header on; a device without a link header has none to add. */
function headersOf({ kernel }: PointAccount): number {
  if (kernel.direction === 'egress' || kernel.interface.startsWith('tun')) return 0;
  return kernel.all.packets * ETHERNET_HEADER;
}
