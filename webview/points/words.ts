import { LESSONS } from '../../src/model/lessons.ts';
import type { BlankKind, Change } from '../../src/model/path/flowPath.ts';

/** What the kernel's commonest reasons for a drop mean, by its own names. */
const DROP_MEANINGS: Readonly<Record<string, string>> = {
  NETFILTER_DROP: 'a rule of netfilter (iptables, nftables) says so: a network policy, for example',
  IP_RPFILTER: 'the reverse-path filter: the way back to the sender does not lead out of this interface',
  IP_INNOROUTES: 'there is no route to the destination, or one that ends packets',
  IP_OUTNOROUTES: 'there is no route to the destination',
  NO_SOCKET: 'nobody listens there',
  NEIGH_FAILED: 'nobody answers for the next hop’s address',
  NEIGH_QUEUEFULL: 'too many packets wait for the next hop’s address',
  PKT_TOO_BIG: 'it is longer than the way allows',
  UNICAST_IN_L2_MULTICAST: 'it came as a broadcast frame with a unicast address',
  OTHERHOST: 'the frame is for another host',
  SOCKET_RCVBUFF: 'the receiver’s buffer is full',
  QDISC_DROP: 'the queue of the interface is full, or its policy says so',
  FULL_RING: 'the ring of the interface is full',
  DEV_READY: 'the interface is down',
  SOCKET_FILTER: 'a filter of the receiver’s socket says so',
  TCP_LISTEN_OVERFLOW: 'the listener accepts no more connections for now',
};

export function dropMeaning(reason: string): string | null {
  return DROP_MEANINGS[reason] ?? null;
}

export const CHANGE_LABELS: Readonly<Record<Change, string>> = {
  dnat: 'DNAT',
  snat: 'SNAT',
  'undo-dnat': 'DNAT undone',
  'undo-snat': 'SNAT undone',
  encapsulated: 'into tunnel',
  decapsulated: 'out of tunnel',
};

export const CHANGE_MEANINGS: Readonly<Record<Change, string>> = {
  dnat: LESSONS.dnat,
  snat: LESSONS.masquerade,
  'undo-dnat': 'The answer got the Service’s address back as its source.',
  'undo-snat': 'The answer got the client’s address back as its destination.',
  encapsulated: 'The packet travels inside another one, between the nodes’ own addresses.',
  decapsulated: 'The packet was taken out of the tunnel’s packet.',
};

/** Two words for the drawing; the reason has the sentence. */
export const BLANK_LABELS: Readonly<Record<BlankKind, string>> = {
  'not-attached': 'not attached',
  'other-end': 'see other end',
  'no-packets': 'nothing sent',
  dropped: 'dropped before',
  switched: 'switched past',
  'same-node': 'not left',
  'not-on-route': 'other way',
  unexplained: 'unexplained',
};
