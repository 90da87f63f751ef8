/**
 * The native addon: mechanism only. It loads the collector, attaches and drains it, and reads netlink.
 * Every handle has close(); a handle that is garbage-collected, or whose worker or process ends, closes too.
 */

/** Every error of the addon. `code` is the errno's name, for example EPERM. */
export interface NativeError extends Error {
  code: string;
  errno: number;
  /** The call that failed, for example bpf_link_create. */
  call: string;
  interface?: string;
  ifindex?: number;
  netns?: string;
  verifierLog?: string;
}

export type Direction = 'ingress' | 'egress';

/** An open network namespace. */
export class NetworkNamespace {
  /** @param path a namespace file, for example /proc/1/ns/net; throws NativeError */
  constructor(path: string);
  readonly path: string;
  /** Inode number of the namespace, its identity. */
  readonly inode: number;
  close(): void;

  links(): Link[];
  addresses(): LinkAddress[];
  routes(): RouteEntry[];
  /** Routing policy rules, each family's in the order that the kernel asks them. */
  rules(): RuleEntry[];
  neighbours(): NeighbourEntry[];
  /** Forwarding entries of bridges and VXLAN devices (AF_BRIDGE neighbours). */
  forwarding(): NeighbourEntry[];
  /**
   * All TCP and UDP sockets (sock_diag), packed `SocketRecord`s of agent/native/src/socket_dump.h, 72 bytes each. What
   * opens or closes during the dump is in it or not. Rejects with ENOENT where the kernel has no sock_diag.
   */
  sockets(): Promise<Buffer>;
  /** Value of a sysctl as this namespace has it, for example net/bridge/bridge-nf-call-iptables; null where there is none. */
  sysctl(name: string): string | null;
  /** The id this namespace has for another one (RTM_GETNSID), -1 when it has none. */
  idOf(other: NetworkNamespace): number;
  /**
   * Calls back after link, address, route, rule and neighbour changes, here and in each namespace that this one has an id
   * for; `overflow` asks for a re-scan. Does not keep the process alive; close it or drop it to stop.
   */
  watch(callback: (change: LinkChange) => void): Closable;
  /**
   * The connection tracking of IPv4 and IPv6 as it is now, packed records of agent/src/nat/conntrackLayout.ts, read on a
   * thread. While it changes an entry may be missing or come twice. Rejects with NativeError: EPERM without
   * CAP_NET_ADMIN there, EINVAL where the kernel has no ctnetlink.
   */
  conntrack(which: ConntrackSelection): Promise<Buffer>;
  /**
   * Who began the connections of these flow keys (bpf/flow.h `struct flow_key`, packed; TCP, UDP and what else has ports),
   * as the connection tracking of zone 0 has it, one byte each: 1 the low side, 2 the high side, 0 where it has no entry
   * or picked a TCP connection up in its middle. Read on a thread. Rejects as conntrack() does.
   */
  conntrackInitiators(keys: Uint8Array): Promise<Buffer>;
  /**
   * Follows entries that are made and destroyed from here on; a thread keeps the socket empty. Entries older than every
   * follower are destroyed without a word, and with net.netfilter.nf_conntrack_events = 0 all are. Throws NativeError.
   */
  watchConntrack(which: ConntrackSelection, limits?: ConntrackLimits): ConntrackWatch;
}

/** `translated`: only entries whose addresses or ports NAT changed. */
export type ConntrackSelection = 'all' | 'translated';

/** What may wait for take(); beyond it the kernel drops events and reports an overrun. */
export interface ConntrackLimits {
  /** Of the socket, by default 16 MB. */
  receiveBytes?: number;
  /** Read and not taken, by default 262,144. */
  records?: number;
}

/** Entries on their way from the kernel. Does not keep the process alive; close it or drop it to stop. */
export class ConntrackWatch {
  private constructor();
  /** All that happened until now and was not taken yet, up to the limit of records. Throws NativeError once reading has failed for good. */
  take(): ConntrackBatch;
  close(): void;
}

export interface ConntrackBatch {
  /** Packed records of agent/src/nat/conntrackLayout.ts, in the kernel's order. */
  records: Buffer;
  /** Times that the kernel had no room (ENOBUFS) and dropped events, nobody knows how many: dump again. */
  overruns: number;
}

export interface Closable {
  close(): void;
}

export interface LinkChange {
  /**
   * `port`: of a bridge, in its own terms, so that `removed` is said of a link that stays. `neighbour`: forwarding
   * entries too. `setting`: forwarding, rp_filter and others of an interface or of all (netconf). `namespace`: another one
   * got an id here or is gone.
   */
  kind: 'link' | 'port' | 'address' | 'route' | 'rule' | 'neighbour' | 'setting' | 'namespace' | 'overflow';
  removed: boolean;
  /** 0 where there is none, or several. */
  ifindex: number;
  /** The id (idOf) of the namespace where it happened or that it is about, -1 for the watched one. */
  nsid: number;
}

export interface Link {
  ifindex: number;
  name: string;
  /** IFLA_INFO_KIND, empty for a plain device. */
  kind: string;
  /** ARPHRD_ type. */
  type: number;
  flags: number;
  mac: string;
  mtu: number;
  /** IFLA_OPERSTATE as a word: up, down, unknown, lowerlayerdown ... */
  state: string;
  /** 0 for none */
  master: number;
  /** IFLA_LINK: ifindex of the veth peer (in namespace linkNetnsid) or lower device, 0 for none. */
  link: number;
  /** IFLA_LINK_NETNSID, -1 when the peer is in the same namespace. */
  linkNetnsid: number;
  promiscuity: number;
  /** UDP destination port of a VXLAN or Geneve device, 0 for none. */
  tunnelPort: number;
  /** Of vxlan, geneve, gre, ipip and their kin. */
  tunnel: LinkTunnel | null;
  bridge: LinkBridge | null;
  /** Set where the master is a bridge. */
  port: LinkPort | null;
  receivedPackets: number;
  receivedBytes: number;
  receivedDropped: number;
  sentPackets: number;
  sentBytes: number;
  sentDropped: number;
}

export interface LinkTunnel {
  /** VNI; null for kinds without one. */
  id: number | null;
  /** null for any */
  local: string | null;
  /** Of VXLAN also the group; null where each packet has its own. */
  remote: string | null;
}

export interface LinkBridge {
  vlanFiltering: boolean;
  /** Of this bridge alone: its frames are shown to netfilter even where bridge-nf-call-iptables is 0. */
  callsIptables: boolean;
  callsIp6tables: boolean;
}

export interface LinkPort {
  /** BR_STATE_: 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking. */
  state: number;
  hairpin: boolean;
  isolated: boolean;
  learning: boolean;
  flood: boolean;
}

export interface LinkAddress {
  ifindex: number;
  /** With prefix length. */
  address: string;
}

export interface RouteEntry {
  /** With prefix length; 0.0.0.0/0 or ::/0 for the default. */
  destination: string;
  gateway: string | null;
  ifindex: number;
  table: number;
  protocol: number;
  scope: number;
  type: number;
  /** Lower is better; 0 for none. */
  metric: number;
  source: string | null;
}

export interface RuleEntry {
  /** 4 or 6 */
  family: number;
  priority: number;
  /** Prefixes; null for all. */
  source: string | null;
  destination: string | null;
  /** Names of interfaces; null for any. */
  incoming: string | null;
  outgoing: string | null;
  /** Of the packet's mark the bits of the mask must be these; mask 0 for any. */
  mark: number;
  mask: number;
  table: number;
  /** FR_ACT_: 1 look the table up, 2 go to the rule `target`, 3 nothing, 6 blackhole, 7 unreachable, 8 prohibit. */
  action: number;
  target: number;
  /** Routes of a prefix no longer than this do not count; -1 for none. */
  suppressedPrefixLength: number;
  inverted: boolean;
  /** It also asks for a port, protocol, TOS, user or VRF. */
  hasFurtherConditions: boolean;
}

export interface NeighbourEntry {
  ifindex: number;
  /** Address, or for forwarding entries the remote of a tunnel; null for none. */
  address: string | null;
  mac: string | null;
  /** NUD_ bits. */
  state: number;
  flags: number;
  master: number;
  vlan: number;
}

export type AttachWay = 'tcx' | 'clsact';

export interface CollectorOptions {
  /** The BPF object file. */
  objectPath: string;
  /** Capacity of one half of the flow map: 440 bytes an entry, allocated at once. */
  maxFlows: number;
  /** Kernel memory for both halves, bytes; decides their capacity instead of maxFlows. */
  mapBytes?: number;
  /** Default: TCX links where the kernel has them (6.6). clsact: legacy filters, which outlive a killed process. */
  attach?: AttachWay;
  /** Size of the event ring in bytes, a power of two. */
  ringBytes: number;
  /** Interfaces that have counters of their own at once; by default, and at most, 2047. */
  maxInterfaces?: number;
}

/** One drain: everything counted since the drain before, exactly once. */
export interface Drained {
  /** Records of bpf/flow.h `struct flow_record`, packed. */
  records: Buffer;
  count: number;
  /** CLOCK_MONOTONIC and CLOCK_REALTIME read together, nanoseconds. */
  monotonic: bigint;
  realtime: bigint;
}

/**
 * Counters of one observation point, summed over CPUs, cumulative since attach. Wire packets, but for buffers. They stay
 * when the interface goes; once another one needs its index, they are in the sum of those gone, with `index` and
 * `ifindex` 0, one a namespace and direction.
 */
export interface PointCounters {
  /** Attachment.index of the interface. */
  index: number;
  /** Attachment.netns, not the inode. */
  netns: number;
  ifindex: number;
  direction: Direction;
  buffers: number;
  /** Wire packets and layer-2 bytes. */
  packets: number;
  bytes: number;
  counted: number;
  mapFull: number;
  /** Did not match the filter. */
  filtered: number;
  pointsOverflow: number;
  /** Events that found the ring full. */
  eventsLost: number;
  /** Packets inside tunnels: beside the others, not part of them. */
  innerCounted: number;
  innerUnparsed: number;
  innerMapFull: number;
  innerPointsOverflow: number;
  /** Counted in a flow without ports: fragments whose first was not seen. */
  looseFragments: number;
  /** By `enum unparsed_cause`. */
  unparsed: number[];
  /** Events beyond the rate, by `enum event_kind`. */
  suppressed: number[];
}

/** Which packets are wanted. A packet passes that meets every condition given; either of its ends may. */
export interface PacketFilter {
  /** Addresses and prefixes, for example 10.0.0.1 or fd00::/64. */
  addresses?: string[];
  ports?: number[];
  /** IP protocol numbers. */
  protocols?: number[];
  /** Attachment.index of interfaces. */
  interfaces?: number[];
}

export interface CaptureOptions {
  filter: PacketFilter | null;
  /** Bytes kept of each frame, up to 65535. */
  snapLength: number;
  /** At each point and CPU; what is beyond is counted as suppressed. */
  packetsPerSecond: number;
}

/** Dropped packets of one interface and reason, cumulative. */
export interface DropTotal {
  /** Index of the namespace, as watchDrops() gave it. */
  netns: number;
  /** 0 where no interface is known. */
  ifindex: number;
  /** Of the running kernel; dropReasons() has the names. */
  reason: number;
  /** Wire packets. */
  packets: number;
  /** Of the kernel buffers, from their network header on. */
  bytes: number;
}

/** Every packet dropped in the watched namespaces, exactly: the sum of `totals`, and `mapFull`. */
export interface DropCounters {
  totals: DropTotal[];
  /** Packets that the filter does not want; not in the sum. */
  filtered: number;
  /** Echo replies that were read before the kernel freed them for want of a socket: nothing lost, and not in the sum. */
  unclaimed: number;
  /** Packets whose interface and reason had no room in the totals. */
  mapFull: number;
  /** Events that found the ring full, and those beyond the rate. */
  eventsLost: number;
  suppressed: number;
  /** Calls that the kernel left out because they would have interrupted another on the same CPU; of all namespaces. */
  skipped: number;
}

/** The loaded collector. Its attachments and event reader keep it alive; close() closes them too. */
export class Collector {
  /** Loads and verifies; throws NativeError with the verifier's log. */
  constructor(options: CollectorOptions);
  /**
   * Attaches one program; the handle detaches it. The first attachment in a namespace loads that namespace's own pair
   * of programs. EEXIST when the point is attached already.
   *
   * By TCX it comes at the head of the chain. By clsact it is a filter named vethscope of priority 157: a clsact qdisc
   * is added where there is none and stays, filters whose agent was killed are removed, no other tool's are touched.
   * EBUSY for egress where the interface has an ingress qdisc.
   */
  attach(netns: NetworkNamespace, ifindex: number, direction: Direction): Attachment;
  /**
   * Keeps both directions attached to the interfaces of a namespace as they come and go, on threads of its own: what is
   * new is attached as soon as the kernel tells of it, whatever JavaScript does meanwhile. Of each interface that has a
   * name of `names`, all where there are none. The first call for a namespace loads its own pair of programs.
   * @param callback is called when there is something to take
   */
  follow(netns: NetworkNamespace, names: readonly string[], callback: () => void): InterfaceFollower;
  /**
   * Swaps the flow map's halves, waits for running programs, reads and clears the retired half. One at a time (EBUSY).
   * A drain under way when the collector closes still resolves.
   */
  drain(): Promise<Drained>;
  points(): PointCounters[];
  /** Entries that one half of the flow map can hold. */
  readonly capacity: number;
  /** As the options said, else as this kernel allows. */
  readonly attachedBy: AttachWay;
  /**
   * Events (bpf/flow.h `struct event`, each with its data and padded to 8 bytes), several in one buffer, read on a thread of
   * its own every 100 ms.
   * One reader at a time (EBUSY). While the callback is behind, the ring fills and `eventsLost` counts. Does not keep
   * the process alive; close it or drop it to stop.
   */
  events(callback: (records: Buffer) => void): Closable;
  /**
   * Counts only flows that match; null counts all. Takes effect at once and without a gap: each packet meets the old
   * filter or the new one. Throws E2BIG beyond 65,536 addresses and prefixes.
   */
  setFilter(filter: PacketFilter | null): void;
  /** Copies matching packets as events; null ends that. */
  setCapture(options: CaptureOptions | null): void;
  /**
   * @param kind `enum event_kind` @param perSecond events at each point and CPU; 0 for none. DNS and samples, which
   * carry payload, are not sent until this asks for them.
   */
  setRate(kind: number, perSecond: number): void;
  /** Reads inside packets to this UDP port, too; 4789, 8472 and 6081 are known. */
  setTunnelPort(port: number, kind: 'vxlan' | 'geneve'): void;
  /**
   * Counts dropped packets in the namespaces of these inodes and in no others, and sends events of kind EVENT_DROP for
   * them. What is not an IP packet, ARP or tagged is not counted. The first call loads the program.
   * @returns the index that events and totals have for each; Attachment.netns where something is attached; empty where
   * the kernel does not tell (dropsRefusal)
   */
  watchDrops(inodes: readonly number[]): number[];
  drops(): DropCounters;
  /** Why this kernel does not tell of dropped packets; null where it does. */
  dropsRefusal(): string | null;
  /** Tunnels seen so far: `struct tunnel_key` and its uint32 id each, packed. */
  tunnels(): Buffer;
  /** run_time_ns and run_cnt of our programs at interfaces while kernel.bpf_stats_enabled is on. */
  statistics(): ProgramStatistics;
  /** The same of the program that counts dropped packets; zeros where this kernel has none. */
  dropStatistics(): ProgramStatistics;
  /** Instructions the verifier walked, by program name. */
  verifiedInstructions(): Record<string, number>;
  close(): void;
}

export interface ProgramStatistics {
  runTimeNs: bigint;
  runCount: bigint;
}

/** Any BPF object with sched_cls programs, for comparing costs. Its attachments keep it alive; close() closes them too. */
export class ProgramObject {
  /** Loads and verifies; throws NativeError with the verifier's log. */
  constructor(objectPath: string);
  attach(program: string, netns: NetworkNamespace, ifindex: number, direction: Direction): Attachment;
  /** Of all its programs, while kernel.bpf_stats_enabled is on. */
  statistics(): ProgramStatistics;
  close(): void;
}

/** A BPF map that another program made and pinned, opened for reading alone. */
export class PinnedMap {
  /** @param path of its pin in a BPF file system; throws NativeError */
  constructor(path: string);
  /** Of linux/bpf.h `enum bpf_map_type`. */
  readonly type: number;
  /** The kernel's id, as bpftool prints it: another one at the same path is another map. */
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** As its maker named it, cut to 15 characters. */
  readonly name: string;
  /** Looks up packed keys. Throws NativeError, EOPNOTSUPP of a map with a value for each CPU. */
  lookup(keys: Uint8Array): MapValues;
  close(): void;
}

/** For each key that was looked up. */
export interface MapValues {
  /** 1 where it is there. */
  found: Buffer;
  /** Packed; zeros where it is not there. */
  values: Buffer;
}

export interface Attachment extends Closable {
  /** Index that the addon gave the namespace, as in flow keys; 0 for a ProgramObject's. */
  readonly netns: number;
  readonly ifindex: number;
  /**
   * Number of the interface in flow records, given to no other while records may carry it: a new device under the
   * ifindex of one that is gone has another one. 0 for a ProgramObject's.
   */
  readonly index: number;
  readonly direction: Direction;
  /** The kernel's program and link ids, as bpftool prints them. */
  readonly programId: number;
  /** 0 where the program is attached by clsact, which has no links. */
  readonly linkId: number;
}

/** What a follower did, in this order for each interface; an interface has an `index` of its own, as Attachment.index. */
export type FollowedChange =
  /** It gets its programs now: what is drained after this may have been counted there. */
  | {
      readonly kind: 'found';
      readonly ifindex: number;
      readonly index: number;
      readonly name: string;
      /** ARPHRD_ type. */
      readonly type: number;
    }
  /** Both directions count. `time` is CLOCK_REALTIME in milliseconds. */
  | { readonly kind: 'attached'; readonly ifindex: number; readonly index: number; readonly time: number }
  /** It cannot be attached to; that is tried again at its next change. */
  | { readonly kind: 'refused'; readonly ifindex: number; readonly name: string; readonly error: NativeError }
  /** It is gone, or let go: its last packets may be in the next drain. */
  | { readonly kind: 'released'; readonly ifindex: number; readonly index: number }
  /** The kernel did not let a clsact filter go. */
  | { readonly kind: 'stays'; readonly ifindex: number; readonly name: string; readonly error: NativeError }
  /** There is a tunnel device whose packets go to this UDP port. They are read inside from now on. */
  | { readonly kind: 'tunnel'; readonly port: number; readonly tunnel: 'vxlan' | 'geneve' }
  /** The interfaces could not be listed, at first or after the kernel dropped events. */
  | { readonly kind: 'failed'; readonly error: NativeError }
  /** What was there when following began is attached or refused. */
  | { readonly kind: 'ready' }
  /** After detach(): nothing is attached any more. */
  | { readonly kind: 'detached' };

/**
 * The process waits for `ready` and, after detach(), for `detached`; else it does not keep it alive. Close it: a callback
 * that takes holds it.
 */
export class InterfaceFollower {
  private constructor();
  /** Index of the namespace, as in flow keys. */
  readonly netns: number;
  /** The kernel's ids of both programs, as bpftool prints them. */
  readonly programIds: readonly number[];
  /** What happened since the last call. */
  take(): FollowedChange[];
  /** Follows no more and takes everything off, in the background. */
  detach(): void;
  /** The same at once: waits for what is under way and for each interface. */
  close(): void;
}

/** One thing this kernel offers or not. */
export interface Feature {
  name:
    | 'btf'
    | 'sched-cls'
    | 'tcx'
    | 'clsact'
    | 'ringbuf'
    | 'coarse-clock'
    | 'cgroup-id'
    | 'drop-reasons'
    | 'capabilities';
  available: boolean;
  /** errno's name and the call where not. */
  detail: string;
}

export function probe(): Feature[];
/** Sizes of bpf/flow.h and of conntrack records as the addon was compiled, for a reader of records to check its own. */
export const layout: {
  readonly flowRecordBytes: number;
  readonly eventBytes: number;
  readonly pointSlots: number;
  readonly unparsedCauses: number;
  /** Bytes of a `SocketRecord`. */
  readonly socketBytes: number;
  readonly conntrackRecordBytes: number;
};
/** Turns the kernel's program statistics on while the handle is open (BPF_ENABLE_STATS). */
export function enableStatistics(): Closable;
/** Names of the running kernel's drop reasons, from its BTF. */
export function dropReasons(): Record<number, string>;
/** Open handles of this process, for leak tests. */
export function openHandles(): number;
