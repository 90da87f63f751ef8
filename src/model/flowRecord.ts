/**
 * Fixed-layout records that carry flows from agent to webview without being unpacked on the way.
 * Little-endian. Counters are float64: exact to 2^53. Times are float64 milliseconds since the epoch.
 * Ids refer to names that were sent once before: endpoints, points, addresses and tunnels.
 */
export const FLOW_RECORD_BYTES = 144;
export const SIGHTING_RECORD_BYTES = 64;

/** Indices of the enumerations in a record; order is part of the wire format. */
export const PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'other'] as const;
export const VERDICTS = ['unknown', 'forwarded', 'dropped', 'refused', 'reset', 'unanswered'] as const;

/** Byte offsets of a flow record. */
export const FLOW = {
  /** uint32, unique within the agent. */
  id: 0,
  /** uint32 endpoint ids. */
  client: 4,
  server: 8,
  /** uint32 endpoint id of the Service asked for, 0 for none. */
  service: 12,
  /** uint16 */
  clientPort: 16,
  serverPort: 18,
  /** uint8 index into PROTOCOLS and VERDICTS. */
  protocol: 20,
  verdict: 21,
  /**
   * uint8 bits: 1 initiator certain, 2 final, 4 joined across NAT, 8 translated to an address of the node; from
   * INITIATOR_SHIFT on the index of why into INITIATOR_EVIDENCE.
   */
  bits: 22,
  /** uint8 DSCP of the client's packets. */
  dscp: 23,
  /** uint16, OR of all TCP flag bytes seen in each direction. */
  clientTcpFlags: 24,
  serverTcpFlags: 26,
  /** uint32; 0xffffffff is "not known". */
  handshakeUs: 28,
  rttUs: 32,
  retransmits: 36,
  /** float64 */
  start: 40,
  end: 48,
  sentPackets: 56,
  sentBytes: 64,
  receivedPackets: 72,
  receivedBytes: 80,
  droppedPackets: 88,
  /** float64 cgroup v2 ids of the socket's owner, 0 for none. */
  clientCgroup: 96,
  serverCgroup: 104,
  /** uint32 number of sightings that go with it. */
  sightings: 112,
  /** uint32 index of the agent the record came from; written by the extension. */
  agent: 116,
  /** uint32 ids of the tunnels that carry the client's and the server's packets, 0 for none. */
  sentTunnel: 120,
  receivedTunnel: 124,
  /** uint32 address ids: where the client asked before DNAT, and where its packets come from after SNAT; 0 for neither. */
  askedAddress: 128,
  translatedAddress: 132,
  /** uint16 */
  askedPort: 136,
  translatedPort: 138,
} as const;

export const FLOW_BITS = { initiatorCertain: 1, final: 2, joined: 4, masqueraded: 8 } as const;
/** The three bits above FLOW_BITS. */
export const INITIATOR_SHIFT = 4;
export const NOT_KNOWN = 0xffffffff;

/** Byte offsets of a sighting record. */
export const SIGHTING = {
  /** uint32 flow id. */
  flow: 0,
  /** uint32 point id. */
  point: 4,
  /** uint32 address ids of the tuple as seen there. */
  source: 8,
  destination: 12,
  /** uint16 */
  sourcePort: 16,
  destinationPort: 18,
  /** uint32 OR of TCP flags. */
  tcpFlags: 20,
  /** float64 */
  packets: 24,
  bytes: 32,
  first: 40,
  last: 48,
} as const;
