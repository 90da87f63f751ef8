import type { InterfaceTopology, NamespaceTopology, Topology } from '../model/topology.ts';
import type { InterfaceFilter } from './interfaceFilter.ts';
import { NO_FILTER } from './interfaceFilter.ts';
import { naturalOrder } from './naturalOrder.ts';

/** An interface with what is below it. */
export interface InterfaceBranch {
  readonly of: InterfaceTopology;
  readonly ports: readonly InterfaceBranch[];
  /** The namespace of the pod whose wire it is; null where that is not known. */
  readonly inside: NamespaceTopology | null;
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
export function interfaceGroups(
  topology: Topology,
  filter: InterfaceFilter = NO_FILTER,
): readonly InterfaceGroup[] {
  const namespaces = new Map(topology.namespaces.map((namespace) => [namespace.inode, namespace]));
  const sorted = [...(topology.namespaces[0]?.interfaces ?? [])].sort(byPodOrName);
  const inside = ({ peer }: InterfaceTopology): NamespaceTopology | null => {
    const found = peer === null ? undefined : namespaces.get(peer.netns);
    return found === undefined || found.pod === null ? null : found;
  };
  const leaf = (of: InterfaceTopology): InterfaceBranch => ({ of, ports: [], inside: inside(of) });
  const passes = ({ of, inside }: InterfaceBranch): boolean => filter.passes(of, inside);
  const portsByMaster = Map.groupBy(sorted, ({ master }) => master);
  const branches = sorted.flatMap((of): InterfaceBranch[] => {
    const branch = leaf(of);
    const ports = (portsByMaster.get(of.ifindex) ?? []).map(leaf);
    if (passes(branch)) return [{ ...branch, ports }];
    const passing = ports.filter(passes);
    return passing.length === 0 ? [] : [{ ...branch, ports: passing }];
  });
  const byGroup = Map.groupBy(branches, ({ of }) => GROUP_OF_ROLE[of.role]);
  return GROUPS.flatMap((name) => {
    const interfaces = byGroup.get(name);
    return interfaces === undefined ? [] : [{ name, interfaces }];
  });
}

function byPodOrName(a: InterfaceTopology, b: InterfaceTopology): number {
  return naturalOrder(sortText(a), sortText(b));
}

function sortText({ pod, name }: InterfaceTopology): string {
  return pod === null ? name : `${pod.namespace}/${pod.name} ${name}`;
}
