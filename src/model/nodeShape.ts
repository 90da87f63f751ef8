import type { InterfaceTopology, NamespaceTopology, NodeShape, Route } from './topology.ts';

/** Every node of Cilium has this interface, whatever its datapath is. */
export const CILIUM_INTERFACE = 'cilium_host';
/** The table of its own addresses repeats them. */
const LOCAL_TABLE = 255;

/** How the node wires its pods, told by what is in its own namespace. */
export function nodeShape({
  interfaces,
  routes,
}: Pick<NamespaceTopology, 'interfaces' | 'routes'>): NodeShape {
  if (interfaces.some(({ name }) => name === CILIUM_INTERFACE)) return 'cilium';
  const pods = interfaces.filter(({ role }) => role === 'pod-veth');
  const bridges = new Set(interfaces.filter(({ kind }) => kind === 'bridge').map(({ ifindex }) => ifindex));
  const bridged = pods.filter(({ master }) => master !== null && bridges.has(master));
  if (bridged.length > 0 && bridged.length >= pods.length / 2) {
    return leadsThroughTunnel(interfaces, routes) ? 'bridge-tunnel' : 'bridge';
  }
  return pods.some((pod) => hasHostRoute(pod, routes)) ? 'routed-veth' : 'unknown';
}

function leadsThroughTunnel(interfaces: readonly InterfaceTopology[], routes: readonly Route[]): boolean {
  const tunnels = new Set(interfaces.filter(({ role }) => role === 'tunnel').map(({ ifindex }) => ifindex));
  return routes.some(
    ({ ifindex, table, destination }) =>
      ifindex !== null &&
      tunnels.has(ifindex) &&
      table !== LOCAL_TABLE &&
      !/^(?:fe80|ff00)::/i.test(destination),
  );
}

/** A route to one address: how a node without a bridge reaches its pods. */
function hasHostRoute(pod: InterfaceTopology, routes: readonly Route[]): boolean {
  return routes.some(
    ({ ifindex, destination, gateway }) =>
      ifindex === pod.ifindex && gateway === null && /(?:^[\d.]+\/32|:.*\/128)$/.test(destination),
  );
}
