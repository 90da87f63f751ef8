import type { InterfaceTopology } from '../topology.ts';
import type { Place } from './wirings.ts';

/** Both ends of one: of a kind, and of a VNI where the kind has those. */
export function isSameTunnel(one: InterfaceTopology, other: InterfaceTopology): boolean {
  return one.kind === other.kind && one.tunnel?.id === other.tunnel?.id;
}

/** Kinds that send to the route's next hop where they have no remote of their own (net/ipv4/ip_tunnel.c, ip_tunnel_xmit). */
const HOP_TUNNELS = new Set(['ipip', 'gre']);

/** Where a tunnel sends what is for an address: by neighbour and forwarding entry, else to its one remote, else to the next hop. */
export function remoteOf({ namespace }: Place, link: InterfaceTopology, nextHop: string): string | null {
  const ours = namespace.fdb.filter(({ ifindex }) => ifindex === link.ifindex);
  const mac = namespace.neighbours.find(
    ({ address, ifindex }) => address === nextHop && ifindex === link.ifindex,
  )?.mac;
  const exact = ours.find((entry) => entry.mac === mac && entry.destination !== null);
  const any = ours.find(
    ({ mac: entry, destination }) => entry === '00:00:00:00:00:00' && destination !== null,
  );
  const known = exact?.destination ?? any?.destination ?? link.tunnel?.remote;
  return known ?? (HOP_TUNNELS.has(link.kind) ? nextHop : null);
}
