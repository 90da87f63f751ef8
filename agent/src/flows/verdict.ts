import type { Protocol, Verdict } from '../../../src/model/flow.ts';
import { TCP_FLAG } from '../collector/flowLayout.ts';

/** How long a SYN or an echo request may wait before its flow counts as unanswered, milliseconds. */
export const ANSWER_TIME = 1000;

export interface VerdictFacts {
  readonly protocol: Protocol;
  readonly sentPackets: number;
  readonly receivedPackets: number;
  /** OR of TCP flag bytes. */
  readonly clientFlags: number;
  readonly serverFlags: number;
  /** Whether the client was seen to open the conversation. */
  readonly opened: boolean;
  /** Whether an ICMP error said that nobody listens there. */
  readonly unreachable: boolean;
  /** Packets that the kernel dropped. */
  readonly dropped: number;
  /** Milliseconds since the first packet. */
  readonly age: number;
}

/** What became of a flow, as far as both directions' packets tell. */
export function verdictOf(facts: VerdictFacts): Verdict {
  if (facts.protocol === 'tcp') {
    const refused = (facts.serverFlags & (TCP_FLAG.rst | TCP_FLAG.syn)) === TCP_FLAG.rst;
    if (refused && facts.opened) return 'refused';
    const closed = (facts.clientFlags & facts.serverFlags & TCP_FLAG.fin) !== 0;
    if (((facts.clientFlags | facts.serverFlags) & TCP_FLAG.rst) !== 0 && !closed) return 'reset';
  }
  if (facts.unreachable && facts.receivedPackets === 0) return 'refused';
  if (facts.dropped > 0 && facts.receivedPackets === 0) return 'dropped';
  if (facts.sentPackets > 0 && facts.receivedPackets > 0) return 'forwarded';
  const asked = facts.opened && facts.receivedPackets === 0;
  return asked && facts.age > ANSWER_TIME ? 'unanswered' : 'unknown';
}
