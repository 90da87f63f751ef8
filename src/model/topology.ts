export type InterfaceRole = 'uplink' | 'bridge' | 'pod-veth' | 'tunnel' | 'loopback' | 'host-veth' | 'other';

/** A pod as a name on an interface or namespace. */
export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface InterfaceStatistics {
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly receivedDropped: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly sentDropped: number;
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
  /** ifindex of the bridge or bond this is a port of. */
  readonly master: number | null;
  /** The other end of a veth pair. */
  readonly peer: { readonly netns: number; readonly ifindex: number; readonly name: string } | null;
  /** With prefix length, for example 10.244.0.1/24. */
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
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly ForwardingEntry[];
  /** Left empty where the topology is followed: they come and go with every connection. */
  readonly sockets: readonly SocketEntry[];
}

/** One node's wiring. The node's own namespace comes first. */
export interface Topology {
  readonly node: string;
  readonly kernel: string;
  /** Sysctls that change what can be seen; null where the kernel has none. */
  readonly sysctls: Readonly<Record<string, string | null>>;
  readonly namespaces: readonly NamespaceTopology[];
}
