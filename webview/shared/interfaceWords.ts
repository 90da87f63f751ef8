import { LESSONS } from '../../src/model/lessons.ts';
import type { PathInterface } from '../../src/model/path/flowPath.ts';
import type { InterfaceRole } from '../../src/model/topology.ts';

/** What is said of an interface on the node, after how its kind works. */
const ROLE_LESSONS: Readonly<Record<InterfaceRole, string>> = {
  'pod-veth': `${LESSONS.veth} One end is eth0 in the pod, the other this interface: what leaves the pod comes in here.`,
  bridge: LESSONS.bridge,
  uplink: LESSONS.uplink,
  tunnel: LESSONS.tunnel,
  loopback: LESSONS.loopback,
  'host-veth': `${LESSONS.veth} Both ends of this one are the node’s own.`,
  other: 'An interface of the node.',
};

const INSIDE_LESSON = `${LESSONS.namespace} This is the pod’s end of its veth pair.`;

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
