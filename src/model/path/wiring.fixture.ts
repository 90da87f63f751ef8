/** Wirings as the agents of two nodes tell them, made by hand: node-a 10.0.0.1 and node-b 10.0.0.2. */
import { unknownEndpoint } from '../endpoint.ts';
import type { Drop, Flow, FlowEnd, Sighting, Tuple } from '../flow.ts';
import type {
  ForwardingEntry,
  InterfaceTopology,
  NamespaceTopology,
  Neighbour,
  PodReference,
  Route,
  Topology,
} from '../topology.ts';

export type Shape = 'hostgw' | 'vxlan' | 'ptp';

const NODES = ['a', 'b'] as const;
export type NodeLetter = (typeof NODES)[number];
const PODS = [2, 3];

export const nodeName = (node: NodeLetter): string => `node-${node}`;
export const nodeAddress = (node: NodeLetter): string => `10.0.0.${NODES.indexOf(node) + 1}`;
export const podAddress = (node: NodeLetter, host: number): string => `10.244.${NODES.indexOf(node)}.${host}`;
export const podUid = (node: NodeLetter, host: number): string => `pod-${node}${host}`;
const range = (node: NodeLetter): string => `10.244.${NODES.indexOf(node)}.0/24`;
const gateway = (node: NodeLetter): string => `10.244.${NODES.indexOf(node)}.1`;
const nodeInode = (node: NodeLetter): number => 1000 * (NODES.indexOf(node) + 1);

const UPLINK = 2;
const BRIDGE = 3;
const TUNNEL = 4;
const MAIN_TABLE = 254;

export interface WiringOptions {
  readonly promiscuous?: boolean;
  readonly bridgeNetfilter?: boolean;
}

export function wirings(shape: Shape, options: WiringOptions = {}): Topology[] {
  return NODES.map((node) => topologyOf(node, shape, options));
}

function topologyOf(node: NodeLetter, shape: Shape, options: WiringOptions): Topology {
  return {
    node: nodeName(node),
    kernel: '6.18',
    sysctls: {
      'net/bridge/bridge-nf-call-iptables': options.bridgeNetfilter === false ? '0' : '1',
      'net/bridge/bridge-nf-call-ip6tables': '1',
      'net/ipv4/ip_forward': '1',
    },
    namespaces: [ownNamespace(node, shape, options), ...PODS.map((host) => podNamespace(node, host, shape))],
  };
}

function ownNamespace(node: NodeLetter, shape: Shape, options: WiringOptions): NamespaceTopology {
  const other: NodeLetter = node === 'a' ? 'b' : 'a';
  const hasBridge = shape !== 'ptp';
  const veths = PODS.map((host) =>
    link(10 + host, `veth${host}`, {
      kind: 'veth',
      role: 'pod-veth',
      master: hasBridge ? BRIDGE : null,
      peer: { netns: nodeInode(node) + host, ifindex: 2, name: 'eth0' },
      attached: true,
    }),
  );
  const bridge = link(BRIDGE, 'cni0', {
    kind: 'bridge',
    role: 'bridge',
    addresses: [`${gateway(node)}/24`],
    attached: true,
    promiscuous: options.promiscuous ?? false,
  });
  const tunnel = link(TUNNEL, 'flannel.1', {
    kind: 'vxlan',
    role: 'tunnel',
    addresses: [`${gateway(node).replace(/1$/, '0')}/32`],
    tunnel: { id: 1, local: nodeAddress(node), remote: null, port: 8472 },
    attached: true,
  });
  const uplink = link(UPLINK, 'eth0', {
    role: 'uplink',
    addresses: [`${nodeAddress(node)}/24`],
    attached: true,
  });
  const remote: Route =
    shape === 'vxlan'
      ? route(range(other), gateway(other).replace(/1$/, '0'), TUNNEL)
      : route(range(other), nodeAddress(other), UPLINK);
  return {
    inode: nodeInode(node),
    path: '/proc/1/ns/net',
    pod: null,
    interfaces: [
      link(1, 'lo', { role: 'loopback', addresses: ['127.0.0.1/8'], attached: true }),
      uplink,
      ...(hasBridge ? [bridge] : []),
      ...(shape === 'vxlan' ? [tunnel] : []),
      ...veths,
    ],
    routes: [
      route('0.0.0.0/0', '10.0.0.254', UPLINK),
      route('10.0.0.0/24', null, UPLINK),
      remote,
      ...(hasBridge
        ? [route(range(node), null, BRIDGE)]
        : PODS.map((host) => route(`${podAddress(node, host)}/32`, null, 10 + host))),
    ],
    neighbours: neighboursOf(other, shape),
    fdb: forwardingOf(other, shape),
    sockets: [],
  };
}

function neighboursOf(other: NodeLetter, shape: Shape): Neighbour[] {
  if (shape !== 'vxlan') return [];
  const address = gateway(other).replace(/1$/, '0');
  return [{ address, mac: `02:00:00:00:00:0${other}`, ifindex: TUNNEL, state: 'permanent' }];
}

function forwardingOf(other: NodeLetter, shape: Shape): ForwardingEntry[] {
  if (shape !== 'vxlan') return [];
  const mac = `02:00:00:00:00:0${other}`;
  return [{ mac, ifindex: TUNNEL, destination: nodeAddress(other), permanent: true }];
}

function podNamespace(node: NodeLetter, host: number, shape: Shape): NamespaceTopology {
  const address = podAddress(node, host);
  return {
    inode: nodeInode(node) + host,
    path: `/proc/${host}/ns/net`,
    pod: podReference(node, host),
    interfaces: [
      link(1, 'lo', { role: 'loopback', addresses: ['127.0.0.1/8'] }),
      link(2, 'eth0', {
        kind: 'veth',
        role: 'uplink',
        addresses: [`${address}/${shape === 'ptp' ? 32 : 24}`],
      }),
    ],
    routes: [
      route('0.0.0.0/0', shape === 'ptp' ? '169.254.1.1' : gateway(node), 2),
      ...(shape === 'ptp' ? [] : [route(range(node), null, 2)]),
    ],
    neighbours: [],
    fdb: [],
    sockets: [],
  };
}

export function podReference(node: NodeLetter, host: number): PodReference {
  return { namespace: 'shop', name: podUid(node, host), uid: podUid(node, host) };
}

function link(ifindex: number, name: string, more: Partial<InterfaceTopology>): InterfaceTopology {
  return {
    ifindex,
    name,
    kind: '',
    role: 'other',
    mac: `02:00:00:00:01:${ifindex.toString(16).padStart(2, '0')}`,
    mtu: 1500,
    state: 'up',
    master: null,
    peer: null,
    addresses: [],
    pod: null,
    attached: false,
    promiscuous: false,
    statistics: {
      receivedPackets: 0,
      receivedBytes: 0,
      receivedDropped: 0,
      sentPackets: 0,
      sentBytes: 0,
      sentDropped: 0,
    },
    ...more,
  };
}

function route(destination: string, gatewayAddress: string | null, ifindex: number): Route {
  return {
    destination,
    gateway: gatewayAddress,
    ifindex,
    table: MAIN_TABLE,
    protocol: 'kernel',
    source: null,
  };
}

export const PORT = 40_000;

export function podEnd(node: NodeLetter, host: number, port: number): FlowEnd {
  return {
    ...end(podAddress(node, host), port),
    kind: 'pod',
    namespace: 'shop',
    name: podUid(node, host),
    uid: podUid(node, host),
    node: nodeName(node),
  };
}

export function nodeEnd(node: NodeLetter, port: number): FlowEnd {
  return { ...end(nodeAddress(node), port), kind: 'process', name: 'kubelet', node: nodeName(node) };
}

export function end(address: string, port: number): FlowEnd {
  return { ...unknownEndpoint(address), kind: 'external', port };
}

/** A conversation of ten packets each way, of which nothing was seen. */
export function flow(client: FlowEnd, server: FlowEnd, more: Partial<Flow> = {}): Flow {
  const time = '2026-01-01T00:00:00.000Z';
  return {
    id: 'flow',
    start: time,
    end: time,
    final: true,
    protocol: 'tcp',
    initiator: 'certain',
    initiatorEvidence: 'opening',
    client,
    server,
    service: null,
    nat: [],
    verdict: 'forwarded',
    drops: [],
    sent: { packets: 10, bytes: 1000 },
    received: { packets: 10, bytes: 1000 },
    tcp: null,
    tunnels: [],
    sightings: [],
    ...more,
  };
}

export function sighting(
  at: Pick<Sighting, 'node' | 'netns' | 'interface' | 'ifindex' | 'point' | 'inner'>,
  tuple: Tuple,
): Sighting {
  const time = '2026-01-01T00:00:00.000Z';
  return { ...at, tuple, packets: 10, bytes: 1000, first: time, last: time };
}

/** Ten of the client's packets that a rule dropped. */
export function netfilterDrop(at: Pick<Drop, 'node' | 'netns' | 'point' | 'ifindex'>): Drop {
  return { ...at, reason: 'NETFILTER_DROP', packets: 10, direction: 'sent' };
}
