import ipaddr from 'ipaddr.js';
import { unknownEndpoint } from '../endpoint.ts';
import type { FlowEnd, Translation, Tuple } from '../flow.ts';
import { addressOf } from '../path/addresses.ts';
import type { PathQuestion } from '../path/flowPath.ts';
import type { FlowWays } from '../path/flowWays.ts';
import { flowWays } from '../path/flowWays.ts';
import type { Place, PlacedInterface, Wirings } from '../path/wirings.ts';
import { routeTo } from '../path/routing.ts';
import { uplinkOf } from '../path/wirings.ts';
import type { PodReference } from '../topology.ts';
import { formatSocketAddress } from '../socketAddress.ts';
import { rangesOfOtherPods } from './podRanges.ts';
import type { ProbedKind } from './traffic.ts';

/** A conversation that stands for its kind, with its ways through the wiring. */
export interface Probe {
  readonly flow: PathQuestion;
  readonly ways: FlowWays;
  /** Whether a packet of it looks as the kind says: with the Service's address, for example. */
  readonly isKind: (tuple: Tuple) => boolean;
}

export interface Probes {
  readonly of: Readonly<Record<ProbedKind, readonly Probe[]>>;
  /** Whether the node has more pods than were followed. */
  readonly isSample: boolean;
}

/** Pods that stand for all; that of the interface is one of them. */
const MOST_PODS = 3;
const CLIENT_PORT = 40_000;
const SERVER_PORT = 8080;
const NODE_PORT = 30_080;

/** Addresses of documentation (RFC 5737, RFC 3849): no node has them. */
const FOREIGN = {
  ipv4: { outside: '192.0.2.7', service: '198.51.100.10', otherPod: '203.0.113.9' },
  ipv6: { outside: '2001:db8::7', service: '2001:db8::10', otherPod: '2001:db8::9' },
} as const;

interface PodEnd {
  /** Inode of its namespace. */
  readonly netns: number;
  /** Null where nobody told whose namespace it is. */
  readonly pod: PodReference | null;
  readonly address: string;
}

/** Conversations of each kind on this node, among its own pods. Kinds that there cannot be have none. */
export function probesOf(at: PlacedInterface, own: Place, wirings: Wirings): Probes {
  const all = podsOf(own, wirings);
  const wire = at.place.kind === 'node' ? wirings.peer(at)?.place : at.place;
  const isOwner = ({ netns }: PodEnd): number => Number(netns === wire?.namespace.inode);
  const sorted = [...all].sort((a, b) => isOwner(b) - isOwner(a));
  const pods = sorted.slice(0, MOST_PODS);
  const family = ipaddr.parse(pods[0]?.address ?? '0.0.0.0').kind();
  const maker = new ProbeMaker(own, wirings, family);
  return { of: maker.all(pods), isSample: all.length > pods.length };
}

/** Pods with a network of their own that a veth of the node leads to. */
function podsOf(own: Place, wirings: Wirings): PodEnd[] {
  return own.namespace.interfaces.flatMap((link) => {
    const inside = link.role === 'pod-veth' ? wirings.peer({ place: own, link }) : null;
    const address = usable(inside?.link.addresses ?? []);
    if (inside === null || address === null) return [];
    const { inode, pod } = inside.place.namespace;
    return [{ netns: inode, pod, address }];
  });
}

/** The first address that is not only for the link. */
function usable(addresses: readonly string[], family: string | null = null): string | null {
  const found = addresses
    .map(addressOf)
    .filter((address) => ipaddr.isValid(address) && ipaddr.parse(address).range() !== 'linkLocal')
    .find((address) => family === null || ipaddr.parse(address).kind() === family);
  return found ?? null;
}

class ProbeMaker {
  readonly #own: Place;
  readonly #wirings: Wirings;
  readonly #foreign: (typeof FOREIGN)['ipv4' | 'ipv6'];
  readonly #nodeAddress: string | null;
  readonly #otherPod: string;

  constructor(own: Place, wirings: Wirings, family: 'ipv4' | 'ipv6') {
    this.#own = own;
    this.#wirings = wirings;
    this.#foreign = FOREIGN[family];
    this.#nodeAddress = usable(uplinkOf(own)?.addresses ?? [], family);
    this.#otherPod = podOfOtherNode(own, family) ?? this.#foreign.otherPod;
  }

  all(pods: readonly PodEnd[]): Probes['of'] {
    const pairs = pods.flatMap((client) =>
      pods.filter((server) => server !== client).map((server) => ({ client, server })),
    );
    const { outside } = this.#foreign;
    const node = this.#nodeAddress;
    const ofNode = <T>(make: (address: string) => T[]): T[] => (node === null ? [] : make(node));
    return {
      'pod-to-pod': pairs.map(({ client, server }) => this.#direct(this.#pod(client), this.#pod(server))),
      'pod-to-other-node': pods.map((pod) => this.#direct(this.#pod(pod), this.#remotePod())),
      'service-asked': [
        ...pairs.map(({ client, server }) => this.#toService(client, this.#pod(server), 'asked')),
        ...pods.map((client) => this.#toService(client, this.#remotePod(), 'asked')),
      ],
      'service-backend': pairs.map(({ client, server }) =>
        this.#toService(client, this.#pod(server), 'backend'),
      ),
      'service-backend-on-other-node': pods.map((client) =>
        this.#toService(client, this.#remotePod(), 'backend'),
      ),
      'process-to-pod': ofNode((address) =>
        pods.map((pod) => this.#direct(this.#process(address), this.#pod(pod))),
      ),
      'process-to-other-node': pods.length === 0 ? [] : ofNode((address) => [this.#toRemotePod(address)]),
      'host-network': ofNode((address) => [this.#direct(this.#process(address), external(outside))]),
      'pod-to-outside': ofNode((address) => pods.map((pod) => this.#masqueraded(pod, address, pod.address))),
      'pod-masqueraded': ofNode((address) => pods.map((pod) => this.#masqueraded(pod, address, address))),
      'node-port-asked': ofNode((address) => pods.map((pod) => this.#nodePort(pod, address, 'asked'))),
      'node-port-backend': ofNode((address) => pods.map((pod) => this.#nodePort(pod, address, 'backend'))),
      'tunnel-outer': ofNode((address) =>
        tunnelRemotes(this.#own, outside).map((remote) =>
          this.#direct(this.#process(address), external(remote)),
        ),
      ),
    };
  }

  #direct(client: FlowEnd, server: FlowEnd): Probe {
    return this.#probe(client, server, [], () => true);
  }

  #toService(from: PodEnd, server: FlowEnd, tuple: 'asked' | 'backend'): Probe {
    const { service } = this.#foreign;
    const client = this.#pod(from);
    const nat: Translation[] = [{ kind: 'dnat', from: socket(service, 80), to: socketOf(server) }];
    return this.#probe(client, server, nat, (seen) => hasAddress(seen, service) === (tuple === 'asked'));
  }

  #masqueraded(from: PodEnd, node: string, address: string): Probe {
    const client = this.#pod(from);
    const nat: Translation[] = [
      { kind: 'masquerade', from: socket(from.address, CLIENT_PORT), to: socket(node, CLIENT_PORT) },
    ];
    return this.#probe(client, external(this.#foreign.outside), nat, (seen) => hasAddress(seen, address));
  }

  #nodePort(to: PodEnd, node: string, tuple: 'asked' | 'backend'): Probe {
    const server = this.#pod(to);
    const nat: Translation[] = [{ kind: 'dnat', from: socket(node, NODE_PORT), to: socketOf(server) }];
    const client = { ...external(this.#foreign.outside), port: CLIENT_PORT };
    return this.#probe(client, server, nat, (seen) => hasAddress(seen, node) === (tuple === 'asked'));
  }

  #probe(client: FlowEnd, server: FlowEnd, nat: readonly Translation[], isKind: Probe['isKind']): Probe {
    const flow: PathQuestion = {
      ...{ client: { ...client, port: CLIENT_PORT }, server, nat, sightings: [], drops: [] },
      ...{ sent: { packets: 1, bytes: 100 }, received: { packets: 1, bytes: 100 }, verdict: 'forwarded' },
    };
    return { flow, ways: flowWays(flow, this.#wirings), isKind };
  }

  #pod({ pod, address }: PodEnd): FlowEnd {
    const who = pod === null ? {} : { namespace: pod.namespace, name: pod.name, uid: pod.uid };
    return { ...end(address), ...who, kind: 'pod', node: this.#own.node };
  }

  #process(address: string): FlowEnd {
    return { ...end(address), kind: 'process', node: this.#own.node };
  }

  /** The address that the node sends from to a destination: that of the interface which leads there. */
  #addressTowards(destination: string): string | null {
    const link = routeTo(this.#own.namespace, destination)?.link;
    return usable(link?.addresses ?? [], ipaddr.parse(destination).kind());
  }

  #toRemotePod(nodeAddress: string): Probe {
    const sender = this.#addressTowards(this.#otherPod) ?? nodeAddress;
    return this.#direct(this.#process(sender), this.#remotePod());
  }

  #remotePod(): FlowEnd {
    return { ...end(this.#otherPod), kind: 'pod' };
  }
}

function end(address: string): FlowEnd {
  return { ...unknownEndpoint(address), port: SERVER_PORT };
}

function external(address: string): FlowEnd {
  return { ...end(address), kind: 'external' };
}

const socket = formatSocketAddress;
const socketOf = ({ address, port }: FlowEnd): string => socket(address, port);

function hasAddress({ source, destination }: Tuple, address: string): boolean {
  return source === address || destination === address;
}

/** An address of a range that the node reaches by a tunnel, else by another node: that of another node's pods. */
function podOfOtherNode({ namespace }: Place, family: string): string | null {
  const ranges = rangesOfOtherPods(namespace).filter(({ network }) => network.kind() === family);
  const range = ranges.find(({ isThroughTunnel }) => isThroughTunnel) ?? ranges[0];
  if (range === undefined) return null;
  if (!range.isRange) return range.network.toString();
  const bytes = range.network.toByteArray();
  // The first two of a range are often its own and its gateway's.
  bytes.push((bytes.pop() ?? 0) | 2);
  return ipaddr.fromByteArray(bytes).toString();
}

/** The other end of one of the node's tunnels, or what stands for it where nobody told; none without a tunnel. */
function tunnelRemotes({ namespace }: Place, unknown: string): string[] {
  const tunnels = namespace.interfaces.filter(({ role }) => role === 'tunnel');
  const known = namespace.fdb.find(
    ({ ifindex, destination }) =>
      destination !== null && tunnels.some((tunnel) => tunnel.ifindex === ifindex),
  );
  return tunnels.length === 0 ? [] : [known?.destination ?? unknown];
}
