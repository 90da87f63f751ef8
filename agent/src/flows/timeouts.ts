import type { Protocol } from '../../../src/model/flow.ts';
import { TCP_FLAG } from '../collector/flowLayout.ts';

const SECOND = 1000;
/** No flow ends sooner. */
export const SHORTEST_TIMEOUT = 10 * SECOND;

/** How long a flow may be silent before it ends, milliseconds: the defaults of nf_conntrack, where a flow has its states. */
export function idleTimeout(
  protocol: Protocol,
  clientFlags: number,
  serverFlags: number,
  answered: boolean,
): number {
  if (protocol === 'tcp') {
    const either = clientFlags | serverFlags;
    const bothFin = (clientFlags & serverFlags & TCP_FLAG.fin) !== 0;
    // TIME_WAIT sends nothing, so a closed connection needs no 120 s here.
    if (bothFin || (either & TCP_FLAG.rst) !== 0) return SHORTEST_TIMEOUT;
    if ((either & TCP_FLAG.fin) !== 0) return 120 * SECOND;
    if (!answered) return 120 * SECOND;
    return 432_000 * SECOND;
  }
  if (protocol === 'udp') return (answered ? 120 : 30) * SECOND;
  if (protocol === 'icmp' || protocol === 'icmpv6') return 30 * SECOND;
  if (protocol === 'sctp') return 210 * SECOND;
  return 600 * SECOND;
}
