import { formatBytes, formatCount, formatPlural } from '../model/format.ts';
import { ROLE_WORDS } from '../model/roleWords.ts';
import type { InterfaceTopology } from '../model/topology.ts';

/** Beside the name: the pod, else the addresses, then whether it is down. */
export function interfaceDescription({ pod, addresses, state }: InterfaceTopology): string {
  const who =
    pod === null
      ? addresses.filter((address) => !address.startsWith('fe80:')).join(' ')
      : `${pod.namespace}/${pod.name}`;
  return [who, state === 'down' ? 'down' : ''].filter(Boolean).join(' · ');
}

/** What is known of an interface, as name and value. */
export function interfaceFacts(link: InterfaceTopology): readonly (readonly [string, string])[] {
  const { statistics } = link;
  const facts: (readonly [string, string] | null)[] = [
    ['Role', ROLE_WORDS[link.role]],
    link.kind === '' ? null : ['Kind', link.kind],
    link.pod === null ? null : ['Pod', `${link.pod.namespace}/${link.pod.name}`],
    ['Index', String(link.ifindex)],
    link.mac === '' ? null : ['MAC', link.mac],
    ['MTU', String(link.mtu)],
    ['State', link.promiscuous ? `${link.state}, promiscuous` : link.state],
    link.addresses.length === 0 ? null : ['Addresses', link.addresses.join(', ')],
    link.peer === null ? null : ['Peer', peerText(link.peer)],
    ['Received', traffic(statistics.receivedPackets, statistics.receivedBytes, statistics.receivedDropped)],
    ['Sent', traffic(statistics.sentPackets, statistics.sentBytes, statistics.sentDropped)],
    ['Observed', link.attached ? 'yes' : 'no'],
  ];
  return facts.filter((fact) => fact !== null);
}

function peerText({ name, ifindex, netns }: NonNullable<InterfaceTopology['peer']>): string {
  return `${name} (${ifindex}) in namespace ${netns}`;
}

function traffic(packets: number, bytes: number, dropped: number): string {
  const lost = dropped === 0 ? '' : `, ${formatCount(dropped)} dropped`;
  return `${formatPlural(packets, 'packet')}, ${formatBytes(bytes)}${lost}`;
}
