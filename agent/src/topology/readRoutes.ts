import type { RouteEntry, RuleEntry } from '../../native/index.d.ts';
import type { Route, RouteType, RoutingRule } from '../../../src/model/topology.ts';

const RT_TABLE_LOCAL = 255;
/** Names of rtnetlink's route protocols, as `ip route` prints them. */
const ROUTE_PROTOCOLS = new Map([
  [0, 'unspec'],
  [1, 'redirect'],
  [2, 'kernel'],
  [3, 'boot'],
  [4, 'static'],
  [9, 'ra'],
  [12, 'bird'],
  [16, 'dhcp'],
  [186, 'bgp'],
  [188, 'ospf'],
]);
const RTN_UNICAST = 1;
/** RTN_ of linux/rtnetlink.h. */
const ROUTE_TYPES = new Map<number, RouteType>([
  [2, 'local'],
  [3, 'broadcast'],
  [4, 'anycast'],
  [5, 'multicast'],
  [6, 'blackhole'],
  [7, 'unreachable'],
  [8, 'prohibit'],
  [9, 'throw'],
]);

/** All routes but those of the local table, which repeat the addresses. */
export function routesOf(routes: readonly RouteEntry[]): Route[] {
  return routes
    .filter(({ table }) => table !== RT_TABLE_LOCAL)
    .map((route) => ({
      destination: route.destination,
      gateway: route.gateway,
      ifindex: route.ifindex === 0 ? null : route.ifindex,
      table: route.table,
      protocol: ROUTE_PROTOCOLS.get(route.protocol) ?? String(route.protocol),
      source: route.source,
      ...(route.metric === 0 ? {} : { metric: route.metric }),
      ...(route.type === RTN_UNICAST ? {} : { type: ROUTE_TYPES.get(route.type) ?? 'other' }),
    }));
}

/** FR_ACT_ of linux/fib_rules.h. */
const RULE_ACTIONS = new Map<number, RoutingRule['action']>([
  [1, 'lookup'],
  [2, 'goto'],
  [3, 'nop'],
  [6, 'blackhole'],
  [7, 'unreachable'],
  [8, 'prohibit'],
]);

/** Undefined where they are those that every namespace starts with. */
export function rulesOf(rules: readonly RuleEntry[]): RoutingRule[] | undefined {
  return rules.length === DEFAULT_RULES.size && rules.every((rule) => DEFAULT_RULES.has(textOf(rule)))
    ? undefined
    : rules.map(ruleOf);
}

function ruleOf(rule: RuleEntry): RoutingRule {
  const action = RULE_ACTIONS.get(rule.action) ?? 'other';
  return {
    family: rule.family === 4 ? 4 : 6,
    priority: rule.priority,
    action,
    table: action === 'lookup' ? rule.table : null,
    target: action === 'goto' ? rule.target : null,
    source: rule.source,
    destination: rule.destination,
    incoming: rule.incoming,
    outgoing: rule.outgoing,
    mark: rule.mask === 0 ? null : markText(rule),
    suppressedPrefixLength: rule.suppressedPrefixLength < 0 ? null : rule.suppressedPrefixLength,
    inverted: rule.inverted,
    hasFurtherConditions: rule.hasFurtherConditions,
  };
}

const WHOLE_MASK = 0xffff_ffff;

function markText({ mark, mask }: RuleEntry): string {
  const text = `0x${mark.toString(16)}`;
  return mask === WHOLE_MASK ? text : `${text}/0x${mask.toString(16)}`;
}

/** local, main and default; IPv6 has no default. */
const DEFAULT_RULES = new Set(['4 0 255', '4 32766 254', '4 32767 253', '6 0 255', '6 32766 254']);

/** Of a rule that asks for nothing. */
function textOf(rule: RuleEntry): string {
  const isPlain =
    rule.action === 1 &&
    !rule.inverted &&
    !rule.hasFurtherConditions &&
    rule.mask === 0 &&
    rule.suppressedPrefixLength < 0 &&
    [rule.source, rule.destination, rule.incoming, rule.outgoing].every((condition) => condition === null);
  return isPlain ? `${rule.family} ${rule.priority} ${rule.table}` : 'another';
}
