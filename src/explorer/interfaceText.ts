import { formatBytes, formatCount, formatPlural, formatRate } from '../model/format.ts';
import { ROLE_WORDS } from '../model/roleWords.ts';
import type { InterfaceStatistics, InterfaceTopology } from '../model/topology.ts';

/** Below this a rate is not told by its figure, so that rows at rest stay as they are. */
const QUIET_BYTES = 1000;

/** Beside the name: the rate, then whose it is or its addresses, then whether it is down. */
export function interfaceDescription(
  { state }: InterfaceTopology,
  who: string,
  rates: InterfaceStatistics | null,
): string {
  return [rateText(rates), who, state === 'down' ? 'down' : ''].filter(Boolean).join(' · ');
}

/** Addresses by which others reach it. */
export function addressText({ addresses }: InterfaceTopology): string {
  return addresses.filter((address) => !address.startsWith('fe80:')).join(' ');
}

/** Both directions together; empty where nothing passes. */
export function rateText(rates: InterfaceStatistics | null): string {
  if (rates === null) return '';
  const bytes = rates.receivedBytes + rates.sentBytes;
  if (bytes === 0) return '';
  return bytes < QUIET_BYTES ? '< 1 kB/s' : formatRate(bytes);
}

/** What is known of an interface, as name and value. */
export function interfaceFacts(
  link: InterfaceTopology,
  rates: InterfaceStatistics | null = null,
): readonly (readonly [string, string])[] {
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
    rates === null
      ? null
      : ['Receiving', pace(rates.receivedPackets, rates.receivedBytes, rates.receivedDropped)],
    rates === null ? null : ['Sending', pace(rates.sentPackets, rates.sentBytes, rates.sentDropped)],
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

/** Per second. */
function pace(packets: number, bytes: number, dropped: number): string {
  const lost = dropped === 0 ? '' : `, ${figure(dropped)} dropped/s`;
  return `${figure(packets)} packets/s, ${formatBytes(bytes)}/s${lost}`;
}

const figure = (rate: number): string => (rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate)));
