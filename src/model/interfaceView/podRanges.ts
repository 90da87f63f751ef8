import ipaddr from 'ipaddr.js';
import type { NamespaceTopology } from '../topology.ts';

/** A network with the number of its leading bits. */
export interface AddressRange {
  readonly network: ipaddr.IPv4 | ipaddr.IPv6;
  readonly length: number;
}

/** Pods' addresses of other nodes, as a node's routes tell. */
export interface OtherPods extends AddressRange {
  readonly isThroughTunnel: boolean;
  /** More than one address. */
  readonly isRange: boolean;
}

/** Ranges that no pod is in, by ipaddr.js's names. */
const NOBODYS: ReadonlySet<string> = new Set(['linkLocal', 'multicast', 'broadcast', 'loopback']);

/**
 * Where the node reaches by a tunnel, or a range by way of another node. Routes to single hosts are for other things, a cloud's
 * metadata for example.
 */
export function rangesOfOtherPods({ interfaces, routes }: NamespaceTopology): OtherPods[] {
  return routes.flatMap(({ destination, gateway, ifindex }) => {
    const link = interfaces.find((candidate) => candidate.ifindex === ifindex);
    if (link === undefined || !ipaddr.isValidCIDR(destination)) return [];
    const [network, length] = ipaddr.parseCIDR(destination);
    if (NOBODYS.has(network.range())) return [];
    const isRange = length > 0 && length < 8 * network.toByteArray().length;
    const isThroughTunnel = link.role === 'tunnel';
    const isElsewhere = isThroughTunnel || (link.role === 'uplink' && gateway !== null && isRange);
    return isElsewhere && length > 0 ? [{ network, length, isThroughTunnel, isRange }] : [];
  });
}

/** The networks of bridges that have pods' wires for ports. */
export function rangesOfOwnPods({ interfaces }: NamespaceTopology): AddressRange[] {
  const masters = new Set(interfaces.filter(({ role }) => role === 'pod-veth').map(({ master }) => master));
  return interfaces
    .filter(({ kind, ifindex }) => kind === 'bridge' && masters.has(ifindex))
    .flatMap(({ addresses }) => addresses.filter((address) => ipaddr.isValidCIDR(address)))
    .map((address) => {
      const [network, length] = ipaddr.parseCIDR(address);
      return { network, length };
    })
    .filter(({ network }) => !NOBODYS.has(network.range()));
}

export function isInRange(address: string, { network, length }: AddressRange): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return parsed.kind() === network.kind() && parsed.match(network, length);
}
