import ipaddr from 'ipaddr.js';
import { formatCount } from '../format.ts';
import { addressOf, prefixMatch } from '../path/addresses.ts';
import type { ForwardingEntry, InterfaceTopology, Route, TunnelFacts } from '../topology.ts';
import type { Finding, NetworkStep } from './networkStep.ts';
import type { PodWiring } from './podWiring.ts';
import { finding, isDefault, MAIN_TABLE, named, referenceTo } from './podWiring.ts';
import { isAdded, routeWords } from './routeCommand.ts';

/** So many nodes stand for all. */
const MOST_ROUTES = 3;
const FORWARDING = 'net/ipv4/ip_forward';

/** How pods of other nodes, and everything outside, are reached: made once for the node. */
export function otherNodesStep(wiring: PodWiring): NetworkStep {
  const { own, topology, shape } = wiring;
  const routes = routesToOthers(wiring);
  const shown = routes.slice(0, MOST_ROUTES);
  const devices = [...new Set(shown.map(({ ifindex }) => ifindex))].flatMap((index) =>
    own.interfaces.filter(({ ifindex }) => ifindex === index),
  );
  // Its programs choose the tunnel, not the routes.
  const chosen = shape === 'cilium' ? own.interfaces.filter(isTunnel) : [];
  const forwarding = topology.sysctls[FORWARDING];
  const fallback = own.routes.find((route) => isDefault(route) && route.table === MAIN_TABLE);
  const deviceOf = ({ ifindex }: Route): InterfaceTopology | undefined =>
    own.interfaces.find((link) => link.ifindex === ifindex);
  return {
    kind: 'other-nodes',
    title: 'The way to other nodes',
    sentence: sentence(wiring, routes, devices),
    commands: [
      `sysctl -w net.ipv4.ip_forward=1`,
      ...devices.flatMap((device) => tunnelCommands(device)),
      ...shown.flatMap((route) => routeCommands(wiring, route, deviceOf(route))),
    ],
    look: ['ip route', ...devices.filter(isTunnel).map(({ name }) => `bridge fdb show dev ${name}`)],
    findings: [
      ...shown.map((route) => finding('Route', routeWords(route, deviceOf(route)?.name ?? '?'))),
      ...(routes.length > shown.length
        ? [finding('More', `${formatCount(routes.length - shown.length)} such routes`)]
        : []),
      ...[...devices, ...chosen].flatMap((device) => deviceFindings(wiring, device)),
      ...(fallback === undefined
        ? []
        : [finding('All else', routeWords(fallback, deviceOf(fallback)?.name ?? '?'))]),
      ...(forwarding === undefined || forwarding === null
        ? []
        : [finding('Forwarding', `net.ipv4.ip_forward is ${forwarding}`)]),
    ],
    inferred: null,
    needs: [],
    scope: 'node',
  };
}

/** Added routes by a gateway that are neither the default nor the pod's own range. */
function routesToOthers({ own, addresses }: PodWiring): Route[] {
  const [first] = addresses.map(addressOf);
  if (first === undefined) return [];
  const family = ipaddr.parse(first).kind();
  return own.routes.filter(
    (route) =>
      isAdded(route) &&
      route.type === undefined &&
      route.table === MAIN_TABLE &&
      route.gateway !== null &&
      !isDefault(route) &&
      ipaddr.isValidCIDR(route.destination) &&
      ipaddr.parseCIDR(route.destination)[0].kind() === family &&
      prefixMatch(route.destination, first) < 0,
  );
}

function isTunnel({ role }: InterfaceTopology): boolean {
  return role === 'tunnel';
}

function sentence(
  { own, shape }: PodWiring,
  routes: readonly Route[],
  devices: readonly InterfaceTopology[],
): string {
  const names = devices.map(({ name }) => name).join(' and ');
  if (routes.length === 0) {
    return 'The node has no routes of its own for pods of other nodes: what is for them leaves by the default route.';
  }
  if (devices.some(isTunnel)) {
    return `Pods of other nodes are reached through the tunnel ${names}: it wraps their packets into packets between the nodes.`;
  }
  if (shape === 'cilium') {
    const tunnels = own.interfaces.filter(isTunnel).map(({ name }) => name);
    const through = tunnels.length === 0 ? '' : ` through the tunnel ${tunnels.join(' and ')}`;
    return `Pods of other nodes are reached by routes out of ${names}, where Cilium’s programs send them on${through}.`;
  }
  return `Pods of other nodes are reached by routes through those nodes’ own addresses, out of ${names}.`;
}

function routeCommands({ own }: PodWiring, route: Route, device: InterfaceTopology | undefined): string[] {
  const command = `ip route add ${routeWords(route, device?.name ?? '?')}`;
  if (device === undefined || !isTunnel(device) || route.gateway === null) return [command];
  const neighbour = own.neighbours.find(
    ({ address, ifindex }) => address === route.gateway && ifindex === device.ifindex,
  );
  if (neighbour === undefined || neighbour.mac === null) return [`${command} onlink`];
  const { mac } = neighbour;
  const sent = entriesOf(own.fdb, device).filter((entry) => entry.mac === mac);
  return [
    ...sent.map(({ destination }) => `bridge fdb append ${mac} dev ${device.name} dst ${destination ?? ''}`),
    `ip neigh add ${route.gateway} lladdr ${mac} dev ${device.name}`,
    `${command} onlink`,
  ];
}

function entriesOf(fdb: readonly ForwardingEntry[], { ifindex }: InterfaceTopology): ForwardingEntry[] {
  return fdb.filter((entry) => entry.ifindex === ifindex && entry.destination !== null);
}

function tunnelCommands({ name, kind, tunnel, addresses }: InterfaceTopology): string[] {
  if (tunnel === undefined) return [];
  return [
    `ip link add ${name} type ${kind}${tunnelWords(tunnel)}`,
    ...addresses.filter((one) => !one.startsWith('fe80:')).map((one) => `ip addr add ${one} dev ${name}`),
    `ip link set ${name} up`,
  ];
}

function tunnelWords({ id, local, remote, port }: TunnelFacts): string {
  return [
    id === null ? '' : ` id ${id}`,
    local === null ? '' : ` local ${local}`,
    remote === null ? '' : ` remote ${remote}`,
    port === null ? '' : ` dstport ${port}`,
  ].join('');
}

function deviceFindings({ own }: PodWiring, device: InterfaceTopology): Finding[] {
  const reference = referenceTo(own, device);
  if (!isTunnel(device)) {
    return [
      finding(
        device.role === 'uplink' ? 'Uplink' : 'Interface',
        `${named(device)} ${device.addresses[0] ?? ''}`.trim(),
        reference,
      ),
    ];
  }
  const { tunnel, kind, mtu } = device;
  const id = tunnel?.id ?? null;
  const port = tunnel?.port ?? null;
  const words = [
    kind,
    id === null || id === 0 ? '' : `VNI ${id}`,
    port === null ? '' : `UDP ${port}`,
    `MTU ${mtu}`,
  ];
  return [
    finding('Tunnel', `${named(device)}, ${words.filter(Boolean).join(', ')}`, reference),
    ...entriesOf(own.fdb, device)
      .slice(0, MOST_ROUTES)
      .map(({ mac, destination }) => finding('Sent to', `${mac} is at node ${destination ?? ''}`, reference)),
  ];
}
