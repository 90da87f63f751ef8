import type { Link, RouteEntry } from '../../native/index.d.ts';
import type { InterfaceRole } from '../../../src/model/topology.ts';

const ARPHRD_LOOPBACK = 772;
const RT_TABLE_LOCAL = 255;
const RTN_UNICAST = 1;
const TUNNELS = new Set([
  'vxlan',
  'geneve',
  'ipip',
  'gre',
  'gretap',
  'ip6gre',
  'ip6gretap',
  'sit',
  'ip6tnl',
  'wireguard',
]);

/** What is known of a link beside the link itself. */
export interface RoleFacts {
  /** Routes of the link's namespace. */
  readonly routes: readonly RouteEntry[];
  /** Whether the veth peer's namespace is a pod's; false when that is not known. */
  readonly peerIsPod: boolean;
}

/** The part an interface plays on its node. */
export function interfaceRole(link: Link, facts: RoleFacts): InterfaceRole {
  if (link.type === ARPHRD_LOOPBACK) return 'loopback';
  if (link.kind === 'bridge') return 'bridge';
  if (TUNNELS.has(link.kind)) return 'tunnel';
  const routes = facts.routes.filter(
    (route) => route.ifindex === link.ifindex && route.table !== RT_TABLE_LOCAL && route.type === RTN_UNICAST,
  );
  if (facts.peerIsPod) return 'pod-veth';
  if (routes.some(isDefault)) return 'uplink';
  if (link.kind === 'veth') return vethRole(link, routes);
  if (link.kind === '' && (link.master !== 0 || routes.some(leadsToOthers))) return 'uplink';
  return routes.some((route) => route.gateway !== null) ? 'uplink' : 'other';
}

function vethRole(link: Link, routes: readonly RouteEntry[]): InterfaceRole {
  if (link.linkNetnsid < 0) return 'host-veth';
  if (link.master !== 0 || routes.some(isHostRoute)) return 'pod-veth';
  return routes.some(leadsToOthers) ? 'uplink' : 'host-veth';
}

function isDefault(route: RouteEntry): boolean {
  return route.destination === '0.0.0.0/0' || route.destination === '::/0';
}

/** A route to one address without a gateway: how a node without a bridge reaches its pods. */
function isHostRoute(route: RouteEntry): boolean {
  return route.gateway === null && /(?:^[\d.]+\/32|:.*\/128)$/.test(route.destination);
}

/** A route to a network, link-local ones apart: every IPv6 interface has those. */
function leadsToOthers(route: RouteEntry): boolean {
  return !isHostRoute(route) && !/^(?:fe80|ff00)::/i.test(route.destination);
}
