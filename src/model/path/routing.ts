import ipaddr from 'ipaddr.js';
import type { InterfaceTopology, NamespaceTopology, Route, RoutingRule } from '../topology.ts';
import { prefixMatch } from './addresses.ts';

/** The route of a packet: out of which interface, and to which address there. */
export interface ChosenRoute {
  readonly route: Route;
  readonly link: InterfaceTopology;
  readonly nextHop: string;
}

/** What rules and routes make of a packet. */
export type Routing =
  | { readonly kind: 'chosen'; readonly chosen: ChosenRoute }
  /** By a rule or route that is there to end packets; `text` is that rule or route. */
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly text: string }
  | { readonly kind: 'none' };

type Refusal = 'blackhole' | 'unreachable' | 'prohibit';

/** What rules ask of a packet, where it is known. */
export interface RoutedPacket {
  readonly source?: string | undefined;
  /** Name of the interface it came in by; lo for what the namespace itself sends. */
  readonly incoming?: string | undefined;
}

const MAIN_TABLE = 254;
const DEFAULT_TABLE = 253;

/**
 * The route as the kernel chooses it: rules in their order; in the table of each the longest prefix, of these the lowest
 * metric. Of several next hops the first stands for all. Marks of packets are not known: none are assumed.
 */
export function routing(namespace: NamespaceTopology, address: string, packet: RoutedPacket = {}): Routing {
  const rules = namespace.rules === undefined ? DEFAULT_RULES : rulesFor(namespace.rules, address);
  let from = 0;
  for (const rule of rules) {
    if (rule.priority < from || !applies(rule, address, packet)) continue;
    if (rule.action === 'goto') from = rule.target ?? 0;
    if (isRefusal(rule.action)) {
      return { kind: 'refused', reason: rule.action, text: `rule ${rule.priority}: ${rule.action}` };
    }
    if (rule.action !== 'lookup') continue;
    const found = lookUp(namespace, address, rule);
    if (found !== null) return found;
  }
  return { kind: 'none' };
}

/** The route of a packet; null where there is none, or one that ends it. */
export function routeTo(
  namespace: NamespaceTopology,
  address: string,
  packet: RoutedPacket = {},
): ChosenRoute | null {
  const found = routing(namespace, address, packet);
  return found.kind === 'chosen' ? found.chosen : null;
}

/** A route as `ip route` prints it. */
export function routeText({ route, link }: ChosenRoute): string {
  const via = route.gateway === null ? '' : ` via ${route.gateway}`;
  return `${destinationText(route)}${via} dev ${link.name}`;
}

function destinationText({ destination }: Route): string {
  if (/^(?:0\.0\.0\.0|::)\/0$/.test(destination)) return 'default';
  return destination.replace(destination.includes(':') ? /\/128$/ : /\/32$/, '');
}

type AskedRule = Omit<RoutingRule, 'family'>;

function lookUpRule(priority: number, table: number): AskedRule {
  return {
    priority,
    action: 'lookup',
    table,
    target: null,
    source: null,
    destination: null,
    incoming: null,
    outgoing: null,
    mark: null,
    suppressedPrefixLength: null,
    inverted: false,
    hasFurtherConditions: false,
  };
}

/** Those that every namespace starts with, without the local table's: what is for the namespace itself is asked before. */
const DEFAULT_RULES: readonly AskedRule[] = [
  lookUpRule(32_766, MAIN_TABLE),
  lookUpRule(32_767, DEFAULT_TABLE),
];

function rulesFor(rules: readonly RoutingRule[], address: string): RoutingRule[] {
  const family = address.includes(':') ? 6 : 4;
  return rules.filter((rule) => rule.family === family).sort((a, b) => a.priority - b.priority);
}

/** A rule that asks for what is not known of a conversation is taken not to apply, inverted or not. */
function applies(rule: AskedRule, address: string, { source, incoming }: RoutedPacket): boolean {
  const asksUnknown = rule.source !== null && source === undefined;
  if (rule.hasFurtherConditions || rule.outgoing !== null || asksUnknown) return false;
  const matches =
    (rule.destination === null || prefixMatch(rule.destination, address) >= 0) &&
    (rule.source === null || (source !== undefined && prefixMatch(rule.source, source) >= 0)) &&
    (rule.incoming === null || rule.incoming === incoming) &&
    (rule.mark === null || isUnmarked(rule.mark));
  return matches !== rule.inverted;
}

/** Whether a packet without a mark is meant: 0x0/0xf00. */
function isUnmarked(mark: string): boolean {
  return Number(mark.split('/')[0]) === 0;
}

function isRefusal(action: string): action is Refusal {
  return action === 'blackhole' || action === 'unreachable' || action === 'prohibit';
}

/** What a table says; null where it says nothing and the next rule is asked. */
function lookUp(namespace: NamespaceTopology, address: string, rule: AskedRule): Routing | null {
  const best = bestRoute(namespace.routes, address, rule.table ?? MAIN_TABLE);
  if (best === null || best.route.type === 'throw') return null;
  const { route, length } = best;
  if (length <= (rule.suppressedPrefixLength ?? -1)) return null;
  if (route.type !== undefined && isRefusal(route.type)) {
    return { kind: 'refused', reason: route.type, text: `${route.type} ${destinationText(route)}` };
  }
  const link = namespace.interfaces.find(({ ifindex }) => ifindex === route.ifindex);
  if (link === undefined) return { kind: 'none' };
  return { kind: 'chosen', chosen: { route, link, nextHop: route.gateway ?? address } };
}

interface ParsedRoute {
  readonly route: Route;
  readonly network: ipaddr.IPv4 | ipaddr.IPv6;
  readonly length: number;
}

/** Reading an address costs more than comparing it, and a node without a bridge has a route a pod. */
const PARSED = new WeakMap<readonly Route[], readonly ParsedRoute[]>();

function parsedRoutes(routes: readonly Route[]): readonly ParsedRoute[] {
  const known = PARSED.get(routes);
  if (known !== undefined) return known;
  const parsed = routes.flatMap((route): ParsedRoute[] => {
    if (!ipaddr.isValidCIDR(route.destination)) return [];
    const [network, length] = ipaddr.parseCIDR(route.destination);
    return [{ route, network, length }];
  });
  PARSED.set(routes, parsed);
  return parsed;
}

function bestRoute(routes: readonly Route[], address: string, table: number): ParsedRoute | null {
  if (!ipaddr.isValid(address)) return null;
  const asked = ipaddr.process(address);
  let best: ParsedRoute | null = null;
  for (const one of parsedRoutes(routes)) {
    const isMeant =
      one.route.table === table &&
      one.network.kind() === asked.kind() &&
      asked.match(one.network, one.length);
    if (isMeant && (best === null || isBetter(one, best))) best = one;
  }
  return best;
}

function isBetter(one: ParsedRoute, best: ParsedRoute): boolean {
  if (one.length !== best.length) return one.length > best.length;
  return (one.route.metric ?? 0) < (best.route.metric ?? 0);
}
