import type { InterfaceReference } from '../interfaceView/trafficLine.ts';
import { addressOf } from '../path/addresses.ts';
import { routeTo } from '../path/routing.ts';
import type { InterfaceTopology, NamespaceTopology, Topology } from '../topology.ts';
import type { StepKind } from './networkStep.ts';
import type { PodWiring } from './podWiring.ts';
import { isDefault, isLinkLocal, MAIN_TABLE, podWiring, referenceTo } from './podWiring.ts';
import { routeWords } from './routeCommand.ts';

/** An interface as a box. */
export interface DrawnInterface {
  readonly reference: InterfaceReference;
  /** Under its name. */
  readonly address: string;
  /** The step that makes it; null for what was there before. */
  readonly madeBy: StepKind | null;
  /** Steps that change it. */
  readonly changedBy: readonly StepKind[];
}

/** A line of text that a step adds. */
export interface DrawnRoute {
  readonly text: string;
  readonly madeBy: StepKind;
}

/** What the steps make, to be drawn from left to right: the pod, its cable, what holds the node's end, the way out. */
export interface NetworkDrawing {
  /** Null for a pod of the node's network. */
  readonly pod: {
    readonly namespace: number;
    readonly inside: DrawnInterface;
    readonly route: DrawnRoute | null;
  } | null;
  readonly node: {
    readonly namespace: number;
    /** The node's end of the pod's cable. */
    readonly outside: DrawnInterface | null;
    /** What it is joined to: a bridge, Cilium's interface, or nothing but the node's routes. */
    readonly middle: DrawnInterface | null;
    readonly joinedBy: StepKind | null;
    readonly route: DrawnRoute | null;
    readonly tunnel: DrawnInterface | null;
    readonly uplink: DrawnInterface | null;
  };
}

/** Null where the topology has no such pod. */
export function networkDrawing(topology: Topology, uid: string): NetworkDrawing | null {
  const [own] = topology.namespaces;
  if (own === undefined) return null;
  const uplink = uplinkOf(own);
  const shown = uplink === null ? null : box(own, uplink, null, ['other-nodes', 'host-network']);
  if (topology.hostPods?.some((pod) => pod.uid === uid) === true) {
    const nothing = { outside: null, middle: null, joinedBy: null, route: null, tunnel: null };
    return { pod: null, node: { namespace: own.inode, ...nothing, uplink: shown } };
  }
  const wiring = podWiring(topology, uid);
  if (wiring === null) return null;
  return {
    pod: {
      namespace: wiring.namespace.inode,
      inside: box(wiring.namespace, wiring.inside, wiring.inside.kind === 'veth' ? 'veth-pair' : 'device', [
        'move',
        'address',
        'up',
      ]),
      route: podRoute(wiring),
    },
    node: { ...nodeOf(wiring), uplink: shown },
  };
}

function nodeOf(wiring: PodWiring): Omit<NetworkDrawing['node'], 'uplink'> {
  const { own, outside, bridge, shape } = wiring;
  const cilium =
    shape === 'cilium' ? (own.interfaces.find(({ name }) => name === 'cilium_host') ?? null) : null;
  const middle = bridge ?? cilium;
  const joinedBy = bridge !== null ? 'bridge-port' : cilium !== null ? 'programs' : 'node-route';
  const tunnel = own.interfaces.find(({ role }) => role === 'tunnel') ?? null;
  return {
    namespace: own.inode,
    outside:
      outside === null ? null : box(own, outside, 'veth-pair', ['move', 'up', 'bridge-port', 'node-route']),
    middle: middle === null ? null : box(own, middle, null, ['bridge-port', 'programs', 'node-route']),
    joinedBy: outside === null ? null : joinedBy,
    route: outside === null ? null : nodeRoute(wiring),
    tunnel: tunnel === null ? null : box(own, tunnel, null, ['other-nodes']),
  };
}

function box(
  namespace: NamespaceTopology,
  link: InterfaceTopology,
  madeBy: StepKind | null,
  changedBy: readonly StepKind[],
): DrawnInterface {
  const address = link.addresses.find((one) => !isLinkLocal(one)) ?? '';
  return { reference: referenceTo(namespace, link), address, madeBy, changedBy };
}

function podRoute({ namespace, inside }: PodWiring): DrawnRoute | null {
  const route = namespace.routes.find((one) => isDefault(one) && one.table === MAIN_TABLE);
  if (route === undefined) return null;
  return { text: routeWords(route, inside.name).replace(/ dev .*/, ''), madeBy: 'pod-routes' };
}

function nodeRoute({ own, addresses }: PodWiring): DrawnRoute | null {
  const chosen = addresses.length === 0 ? null : routeTo(own, addressOf(addresses[0] ?? ''));
  if (chosen === null) return null;
  const { route, link } = chosen;
  const words = routeWords({ ...route, gateway: null, source: null, protocol: 'kernel' }, link.name);
  return { text: words, madeBy: 'node-route' };
}

function uplinkOf({ interfaces, routes }: NamespaceTopology): InterfaceTopology | null {
  const index = routes.find((route) => isDefault(route) && route.table === MAIN_TABLE)?.ifindex;
  return (
    interfaces.find(({ ifindex }) => ifindex === index) ??
    interfaces.find(({ role }) => role === 'uplink') ??
    null
  );
}
