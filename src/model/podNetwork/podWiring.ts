import { nodeShape } from '../nodeShape.ts';
import { addressOf } from '../path/addresses.ts';
import { Wirings } from '../path/wirings.ts';
import type {
  InterfaceTopology,
  NamespaceTopology,
  NodeShape,
  PodReference,
  Route,
  Topology,
} from '../topology.ts';
import type { InterfaceReference } from '../interfaceView/trafficLine.ts';
import type { Finding } from './networkStep.ts';

export const MAIN_TABLE = 254;
const DEFAULT_ROUTES: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0']);

/** What a pod with a network of its own is wired with. */
export interface PodWiring {
  readonly topology: Topology;
  readonly shape: NodeShape;
  readonly pod: PodReference;
  /** Name that commands give its namespace. */
  readonly name: string;
  readonly own: NamespaceTopology;
  readonly namespace: NamespaceTopology;
  /** The pod's end: the interface that its default route leaves by. */
  readonly inside: InterfaceTopology;
  /** Interfaces that the pod has beside it and loopback. */
  readonly further: readonly InterfaceTopology[];
  /** The node's end; null where it is no veth, or was not found. */
  readonly outside: InterfaceTopology | null;
  /** What the node's end is a port of. */
  readonly bridge: InterfaceTopology | null;
  /** Addresses of the pod's end with their length, without link-local ones. */
  readonly addresses: readonly string[];
  /** Where the pod's default route leads. */
  readonly gateway: string | null;
}

/** Null where the pod's namespace, or an interface in it, was not found. */
export function podWiring(topology: Topology, uid: string): PodWiring | null {
  const own = topology.namespaces[0];
  const wirings = new Wirings([topology]);
  const place = wirings.pod(uid);
  if (own === undefined || place?.kind !== 'pod') return null;
  const { namespace } = place;
  const { pod } = namespace;
  const inside = mainInterface(namespace);
  if (pod === null || inside === null) return null;
  const outside = wirings.peer({ place, link: inside })?.link ?? null;
  const master = outside?.master ?? null;
  return {
    ...{ topology, pod, own, namespace, inside, outside },
    shape: topology.shape ?? nodeShape(own),
    name: pod.name,
    further: namespace.interfaces.filter((link) => link !== inside && link.role !== 'loopback'),
    bridge: own.interfaces.find(({ ifindex, kind }) => ifindex === master && kind === 'bridge') ?? null,
    addresses: inside.addresses.filter((address) => !isLinkLocal(address)),
    gateway: defaultRoute(namespace)?.gateway ?? null,
  };
}

function mainInterface(namespace: NamespaceTopology): InterfaceTopology | null {
  const index = defaultRoute(namespace)?.ifindex;
  const others = namespace.interfaces.filter(({ role }) => role !== 'loopback');
  return (
    others.find(({ ifindex }) => ifindex === index) ??
    others.find(({ addresses }) => addresses.length > 0) ??
    others[0] ??
    null
  );
}

function defaultRoute({ routes }: NamespaceTopology): Route | undefined {
  return routes.find((route) => isDefault(route) && route.table === MAIN_TABLE);
}

export function isDefault({ destination }: Route): boolean {
  return DEFAULT_ROUTES.has(destination);
}

/** Made by the kernel for every interface that speaks IPv6. */
export function isLinkLocal(address: string): boolean {
  return /^(?:fe80|ff00):/i.test(address);
}

export function referenceTo({ inode }: NamespaceTopology, link: InterfaceTopology): InterfaceReference {
  return { netns: inode, ifindex: link.ifindex, name: link.name };
}

/** eth0 (2) */
export function named({ name, ifindex }: InterfaceTopology): string {
  return `${name} (${ifindex})`;
}

export function finding(name: string, value: string, reference: InterfaceReference | null = null): Finding {
  return { name, value, interface: reference };
}

/** A command in the pod's namespace, by the name that {@link PodWiring.name} gives it. */
export function inPod({ name }: PodWiring, command: string): string {
  return `ip -n ${name} ${command}`;
}

/** A command that looks into the pod's namespace as it is, which has no such name. */
export function lookInPod({ namespace }: PodWiring, command: string): string {
  return `nsenter --net=${namespace.path} ${command}`;
}

/** The interface of the node that has the address: of several the pod's own wire. */
export function ownLinkWith({ own, outside }: PodWiring, address: string): InterfaceTopology | null {
  const holders = own.interfaces.filter((link) => link.addresses.some((one) => addressOf(one) === address));
  return holders.find((link) => link === outside) ?? holders[0] ?? null;
}
