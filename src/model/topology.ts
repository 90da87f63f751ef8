export type InterfaceRole = 'uplink' | 'bridge' | 'pod-veth' | 'tunnel' | 'loopback' | 'host-veth' | 'other';

/** A pod as a name on an interface or namespace. */
export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A pod of the node's own network (hostNetwork): it has no namespace of its own. */
export interface HostPod extends PodReference {
  /** Id of one of its processes, as the agent sees it; that process is in the node's namespace. */
  readonly process: number;
}

export interface InterfaceStatistics {
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly receivedDropped: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly sentDropped: number;
}

/** Where a tunnel's packets go. */
export interface TunnelFacts {
  /** VNI; null for kinds without one. */
  readonly id: number | null;
  /** Null for any. */
  readonly local: string | null;
  /** Of VXLAN also the group; null where forwarding entries, or each route, say it. */
  readonly remote: string | null;
  /** UDP destination port; null for kinds without one. */
  readonly port: number | null;
}

export interface BridgeFacts {
  readonly vlanFiltering: boolean;
  /** Its frames are shown to netfilter even where bridge-nf-call-iptables or -ip6tables is 0. */
  readonly callsIptables: boolean;
  readonly callsIp6tables: boolean;
}

/** What an interface is to its bridge. */
export interface BridgePortFacts {
  readonly state: 'disabled' | 'listening' | 'learning' | 'forwarding' | 'blocking';
  /** A frame may go out where it came in. */
  readonly hairpin: boolean;
  /** It does not reach other isolated ports. */
  readonly isolated: boolean;
  /** Whether MACs are learned from what comes in. */
  readonly learning: boolean;
  /** Whether frames for MACs that are not known go out here. */
  readonly flood: boolean;
}

export interface InterfaceTopology {
  readonly ifindex: number;
  readonly name: string;
  /** The kernel's link kind (veth, bridge, vxlan ...), empty for a plain device. */
  readonly kind: string;
  readonly role: InterfaceRole;
  readonly mac: string;
  readonly mtu: number;
  readonly state: string;
  /** Set where it is switched off (`ip link set … down`); one without a carrier is down as well. */
  readonly disabled?: true;
  /** ifindex of the bridge or bond this is a port of. */
  readonly master: number | null;
  /** The other end of a veth pair. */
  readonly peer: { readonly netns: number; readonly ifindex: number; readonly name: string } | null;
  /** Of tunnels alone. */
  readonly tunnel?: TunnelFacts;
  /** Of bridges alone. */
  readonly bridge?: BridgeFacts;
  /** Of what has a bridge for its master alone. */
  readonly port?: BridgePortFacts;
  /** With prefix length, for example 10.244.0.1/24; link-local ones too. */
  readonly addresses: readonly string[];
  readonly pod: PodReference | null;
  /** Whether our programs are attached here. */
  readonly attached: boolean;
  readonly promiscuous: boolean;
  readonly statistics: InterfaceStatistics;
}

export interface Route {
  readonly destination: string;
  readonly gateway: string | null;
  readonly ifindex: number | null;
  readonly table: number;
  readonly protocol: string;
  readonly source: string | null;
  /** Of routes to the same prefix the lowest is taken; left out where it is 0. */
  readonly metric?: number;
  /** Left out for unicast. `throw` ends the look in this table, the others end the packet. */
  readonly type?: RouteType;
}

export type RouteType =
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'
  | 'other';

/** A routing policy rule. Those of a family are asked by rising priority, in this order. */
export interface RoutingRule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly action: 'lookup' | 'goto' | 'nop' | 'blackhole' | 'unreachable' | 'prohibit' | 'other';
  /** Of `lookup`. */
  readonly table: number | null;
  /** Priority of the rule that `goto` leads to. */
  readonly target: number | null;
  /** Prefixes of the packet's addresses; null for all. */
  readonly source: string | null;
  readonly destination: string | null;
  /** Name of the interface it came in by, lo for what the namespace itself sends; null for any. */
  readonly incoming: string | null;
  /** Name of the interface that the sender's socket is bound to; null for any. */
  readonly outgoing: string | null;
  /** As `ip rule` prints it, for example 0x200/0xf00; null for any. */
  readonly mark: string | null;
  /** Routes of a prefix no longer than this do not count; null for none. */
  readonly suppressedPrefixLength: number | null;
  /** It is meant for what does not match. */
  readonly inverted: boolean;
  /** It also asks for a port, protocol, TOS, user or VRF. */
  readonly hasFurtherConditions: boolean;
}

export interface Neighbour {
  readonly address: string;
  readonly mac: string | null;
  readonly ifindex: number;
  readonly state: string;
}

export interface ForwardingEntry {
  readonly mac: string;
  readonly ifindex: number;
  readonly destination: string | null;
  readonly permanent: boolean;
}

export interface SocketEntry {
  /** tcp or udp */
  readonly protocol: string;
  /** Address and port; 0.0.0.0 or [::] for any, port 0 for none. */
  readonly local: string;
  readonly remote: string;
  /** As TCP has it: established, listen, time-wait ...; unconnected of UDP. */
  readonly state: string;
  /** Path of the group of who made it, below the root; null where the kernel does not say or the group is gone. */
  readonly cgroup: string | null;
  readonly pod: PodReference | null;
  readonly container: string | null;
}

export interface NamespaceTopology {
  readonly inode: number;
  /** A path through which the namespace can be entered, for example /proc/812/ns/net. */
  readonly path: string;
  readonly pod: PodReference | null;
  readonly interfaces: readonly InterfaceTopology[];
  readonly routes: readonly Route[];
  /** Left out where they are those that every namespace starts with: local, main and default. */
  readonly rules?: readonly RoutingRule[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly ForwardingEntry[];
  /** Left empty where the topology is followed: they come and go with every connection. */
  readonly sockets: readonly SocketEntry[];
}

/**
 * How a node wires its pods. `bridge`: as ports of a bridge, other nodes by routes; `bridge-tunnel`: the same, other nodes
 * through a tunnel; `routed-veth`: by a route to each pod's veth (Calico, clouds); `cilium`: by Cilium's programs, which
 * may pass the routes by.
 */
export type NodeShape = 'bridge' | 'bridge-tunnel' | 'routed-veth' | 'cilium' | 'unknown';

/** One node's wiring. The node's own namespace comes first. */
export interface Topology {
  readonly node: string;
  readonly kernel: string;
  /** Left out by agents that do not tell it. */
  readonly shape?: NodeShape;
  /** Sysctls that change what can be seen; null where the kernel has none. */
  readonly sysctls: Readonly<Record<string, string | null>>;
  readonly namespaces: readonly NamespaceTopology[];
  /** Left out where there is none, and by agents that do not tell them. */
  readonly hostPods?: readonly HostPod[];
}
