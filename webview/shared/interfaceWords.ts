import type { PathInterface } from '../../src/model/path/flowPath.ts';
import type { InterfaceRole } from '../../src/model/topology.ts';

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

/** @param pod the pod whose namespace it is in, null for the node's own */
export function lessonOf({ role, pod }: Pick<PathInterface, 'role' | 'pod'>): string {
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
