import type { Endpoint, Evidence } from './endpoint.ts';

export type Protocol = 'tcp' | 'udp' | 'icmp' | 'icmpv6' | 'sctp' | 'other';
export type Verdict = 'forwarded' | 'dropped' | 'refused' | 'reset' | 'unanswered' | 'unknown';
export type Initiator = 'certain' | 'guessed';

/**
 * Why one end is called the client. The first two are facts: `opening`, the packet that opens a conversation was seen;
 * `conntrack`, the connection tracking of the kernel, or Cilium's own, has it as the source. The others are guesses: `service`, the other end
 * has a Service's address; `port`, the other end has the lower port; `order`, it was seen to send first. The order is
 * that of the numbers in a flow record.
 */
export const INITIATOR_EVIDENCE = ['opening', 'conntrack', 'service', 'port', 'order'] as const;
export type InitiatorEvidence = (typeof INITIATOR_EVIDENCE)[number];

export function initiatorOf(evidence: InitiatorEvidence): Initiator {
  return evidence === 'opening' || evidence === 'conntrack' ? 'certain' : 'guessed';
}

/** Names of observation points, from the workload's side; Hubble's where they exist. */
export const OBSERVATION_POINTS = [
  'from-endpoint',
  'to-endpoint',
  'from-network',
  'to-network',
  'from-overlay',
  'to-overlay',
  'from-host',
  'to-host',
  'from-bridge',
  'to-bridge',
] as const;
export type ObservationPoint = (typeof OBSERVATION_POINTS)[number];

export interface Tuple {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** What one observation point counted of one tuple. Times are RFC 3339 strings. */
export interface Sighting {
  readonly node: string;
  readonly netns: number;
  readonly interface: string;
  readonly ifindex: number;
  readonly point: ObservationPoint;
  readonly tuple: Tuple;
  /** Whether it was seen inside the packets of a tunnel. */
  readonly inner: boolean;
  readonly packets: number;
  readonly bytes: number;
  readonly first: string;
  readonly last: string;
}

/** `ip` is IP in IP, of either family in either. The order is that of `enum tunnel_kind` of bpf/flow.h, from 1 on. */
export const TUNNEL_KINDS = ['vxlan', 'geneve', 'gre', 'ip'] as const;
export type TunnelKind = (typeof TUNNEL_KINDS)[number];

/** What carries the packets of one direction of a flow: the last tunnel that they were seen in, and its packets' own ends. */
export interface FlowTunnel {
  readonly direction: 'sent' | 'received';
  readonly kind: TunnelKind;
  /** VNI or GRE key; null where there is none. A GRE key of 0 cannot be told from none. */
  readonly identifier: number | null;
  readonly source: string;
  /** 0 where the tunnel has no ports. */
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** Id of the flow of the tunnel's packets; null where that is not known, for example because a filter left it out. */
  readonly flow: string | null;
}

export interface FlowEnd extends Endpoint {
  readonly port: number;
}

export interface Traffic {
  /** Wire packets: a segmentation-offload buffer counts as its segments. */
  readonly packets: number;
  /** Layer-2 bytes without preamble and FCS. */
  readonly bytes: number;
}

/** One conversation; figures are totals since it began. This is the public JSON, one line an update. */
export interface Flow {
  readonly id: string;
  readonly start: string;
  readonly end: string;
  readonly final: boolean;
  readonly protocol: Protocol;
  readonly initiator: Initiator;
  readonly initiatorEvidence: InitiatorEvidence;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  readonly service: ServiceReference | null;
  readonly nat: readonly Translation[];
  readonly verdict: Verdict;
  readonly drops: readonly Drop[];
  readonly sent: Traffic;
  readonly received: Traffic;
  readonly tcp: TcpFacts | null;
  /** Where it was seen inside the packets of a tunnel: one a direction. */
  readonly tunnels: readonly FlowTunnel[];
  readonly sightings: readonly Sighting[];
}

/** A line of the public JSON between those of flows: what was told under one id is from now on in the flow of another. */
export interface AbsorbedFlow {
  readonly absorbed: string;
  readonly into: string;
}

export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly portName: string | null;
  readonly type: string;
  /** Why this Service: its own address, or a port of a node's. */
  readonly evidence: readonly Evidence[];
}

export interface Translation {
  readonly kind: 'dnat' | 'snat' | 'masquerade';
  readonly from: string;
  readonly to: string;
}

/** Packets that the kernel dropped at one place for one reason. */
export interface Drop {
  /** As the kernel names it, for example NETFILTER_DROP. */
  readonly reason: string;
  readonly packets: number;
  /** Name of the interface where the packet was, or out of which it would have gone; null where there is none. */
  readonly point: string | null;
  readonly node: string;
  /** Inode of the namespace, and index of the interface in it; 0 where there is none. */
  readonly netns: number;
  readonly ifindex: number;
  /** Whose packets: the client sent them, or received none of them. */
  readonly direction: 'sent' | 'received';
}

/** As far as packets show: `opening` waits for an answer, `closing` has one FIN. */
export type TcpState = 'opening' | 'established' | 'closing' | 'closed' | 'reset';

export interface TcpFacts {
  readonly flags: readonly string[];
  /** From the first SYN to its SYN-ACK where the client is nearest, microseconds. */
  readonly handshakeUs: number | null;
  /** Smoothed by the sender's socket, microseconds. */
  readonly rttUs: number | null;
  /** Segments sent again: as the sender's socket has it, else as its packets show. */
  readonly retransmits: number;
  /** Segments that filled a gap, of senders without a socket on the node. */
  readonly outOfOrder: number;
  /** Packets that announced a full receive buffer. */
  readonly zeroWindows: number;
  /** SYNs after the first. */
  readonly synRetries: number;
  readonly resetBy: 'client' | 'server' | 'both' | null;
  readonly state: TcpState;
}
