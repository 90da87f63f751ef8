import type { InterfaceTopology, Topology } from '../model/topology.ts';

/** An interface with those that are its ports. */
export interface InterfaceBranch {
  readonly of: InterfaceTopology;
  readonly ports: readonly InterfaceTopology[];
}

export const GROUPS = ['uplinks', 'bridges', 'pods', 'tunnels', 'host'] as const;
export type GroupName = (typeof GROUPS)[number];

export interface InterfaceGroup {
  readonly name: GroupName;
  readonly interfaces: readonly InterfaceBranch[];
}

const GROUP_OF_ROLE: Readonly<Record<InterfaceTopology['role'], GroupName>> = {
  uplink: 'uplinks',
  bridge: 'bridges',
  'pod-veth': 'pods',
  tunnel: 'tunnels',
  loopback: 'host',
  'host-veth': 'host',
  other: 'host',
};

/** The interfaces of the node's own namespace by what they are for; groups without any are left out. */
export function interfaceGroups(topology: Topology): readonly InterfaceGroup[] {
  const interfaces = topology.namespaces[0]?.interfaces ?? [];
  return GROUPS.map((name) => ({
    name,
    interfaces: interfaces
      .filter(({ role }) => GROUP_OF_ROLE[role] === name)
      .sort(byPodOrName)
      .map((of) => ({
        of,
        ports: interfaces.filter(({ master }) => master === of.ifindex).sort(byPodOrName),
      })),
  })).filter((group) => group.interfaces.length > 0);
}

function byPodOrName(a: InterfaceTopology, b: InterfaceTopology): number {
  return sortText(a).localeCompare(sortText(b), 'en', { numeric: true });
}

function sortText({ pod, name }: InterfaceTopology): string {
  return pod === null ? name : `${pod.namespace}/${pod.name} ${name}`;
}
