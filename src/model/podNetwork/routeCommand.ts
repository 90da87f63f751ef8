import ipaddr from 'ipaddr.js';
import type { Route } from '../topology.ts';
import { isDefault, isLinkLocal, MAIN_TABLE } from './podWiring.ts';

const LOCAL_TABLE = 255;
/** What `ip route add` takes where it is told nothing: not said. */
const UNSAID_PROTOCOLS: ReadonlySet<string> = new Set(['boot', 'unspec']);

/** What follows `ip route add`, and what `ip route` shows. */
export function routeWords(route: Route, device: string): string {
  const { destination, gateway, source, metric, protocol, table, type } = route;
  return [
    type ?? '',
    isDefault(route) ? 'default' : withoutHostLength(destination),
    gateway === null ? '' : `via ${gateway}`,
    `dev ${device}`,
    UNSAID_PROTOCOLS.has(protocol) || isKernels(route) ? '' : `proto ${protocol}`,
    source === null ? '' : `src ${source}`,
    metric === undefined ? '' : `metric ${metric}`,
    table === MAIN_TABLE ? '' : `table ${table}`,
  ]
    .filter(Boolean)
    .join(' ');
}

export function withoutHostLength(prefix: string): string {
  return prefix.replace(/^([\d.]+)\/32$|^([\da-f:]+)\/128$/i, '$1$2');
}

/** Those that somebody added: not the local table's, nor those that come with an address, nor IPv6's own. */
export function isAdded(route: Route): boolean {
  return route.table !== LOCAL_TABLE && !isKernels(route) && !isLinkLocal(route.destination);
}

/** The kernel makes routes to what is on the link alone; plugins that call theirs the kernel's have a gateway. */
function isKernels({ protocol, gateway }: Route): boolean {
  return protocol === 'kernel' && gateway === null;
}

/** In an order in which they can be added: a gateway must be on a link that is known before. */
export function addable(routes: readonly Route[]): Route[] {
  return [...routes].sort(
    (a, b) => Number(a.gateway !== null) - Number(b.gateway !== null) || length(b) - length(a),
  );
}

function length({ destination }: Route): number {
  return ipaddr.isValidCIDR(destination) ? ipaddr.parseCIDR(destination)[1] : 0;
}
