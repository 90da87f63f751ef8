import type { BlankKind, Change, PathInterface } from '../../src/model/path/flowPath.ts';
import type { InterfaceRole } from '../../src/model/topology.ts';

export const CHANGE_LABELS: Readonly<Record<Change, string>> = {
  dnat: 'DNAT',
  snat: 'SNAT',
  'undo-dnat': 'DNAT undone',
  'undo-snat': 'SNAT undone',
  encapsulated: 'into tunnel',
  decapsulated: 'out of tunnel',
};

export const CHANGE_MEANINGS: Readonly<Record<Change, string>> = {
  dnat: 'The destination address was replaced by that of a backend (destination NAT). From here on nobody sees the Service’s address.',
  snat: 'The source address was replaced by one of the node (source NAT, masquerade), so that the answer comes back to it.',
  'undo-dnat': 'The answer got the Service’s address back as its source.',
  'undo-snat': 'The answer got the client’s address back as its destination.',
  encapsulated: 'The packet travels inside another one, between the nodes’ own addresses.',
  decapsulated: 'The packet was taken out of the tunnel’s packet.',
};

/** Two words for the drawing; the reason has the sentence. */
export const BLANK_LABELS: Readonly<Record<BlankKind, string>> = {
  'not-attached': 'not attached',
  'other-end': 'see other end',
  'unobserved-node': 'not observed',
  'no-packets': 'nothing sent',
  dropped: 'dropped before',
  switched: 'switched past',
  'same-node': 'not left',
  'not-on-route': 'other way',
  'host-network': 'no veth',
  encapsulated: 'inside tunnel',
  redirected: 'redirected',
  unexplained: 'unexplained',
};

/** How this works, in one sentence. */
const ROLE_LESSONS: Readonly<Record<InterfaceRole, string>> = {
  'pod-veth':
    'A veth pair is a cable with two ends: one is eth0 in the pod, the other this interface on the node. What leaves the pod comes in here.',
  bridge:
    'A bridge is a switch in the kernel: it passes frames between its ports by their MAC address, and takes only those that are addressed to itself.',
  uplink: 'The uplink is the node’s way to everything else: only what leaves or enters the node passes it.',
  tunnel:
    'A tunnel device wraps packets for pods of other nodes into packets between the nodes; the uplink sees only the wrapping.',
  loopback: 'Loopback carries what a namespace sends to itself.',
  'host-veth': 'A veth pair within the node: a cable between two of its own interfaces.',
  other: 'An interface of the node.',
};

const INSIDE_LESSON =
  'A network namespace is a network stack of its own, with its own interfaces, addresses and routes. This is the pod’s end of its veth pair.';

export function lessonOf({ role, pod }: PathInterface): string {
  return pod === null ? ROLE_LESSONS[role] : INSIDE_LESSON;
}

export const ROLE_ICONS: Readonly<Record<InterfaceRole, string>> = {
  uplink: 'globe',
  bridge: 'type-hierarchy-sub',
  'pod-veth': 'plug',
  tunnel: 'arrow-swap',
  loopback: 'sync',
  'host-veth': 'link',
  other: 'circuit-board',
};
