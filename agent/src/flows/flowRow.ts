/** No row or sighting. */
export const NONE = 0xffffffff;

/** Byte offsets of a row of the flow table: what cannot be worked out from its sightings. */
export const ROW = {
  /** 44 bytes, the kernel's key. */
  key: 0,
  /** uint32 */
  hash: 44,
  /** uint32, never given twice; 0 in a free row. */
  id: 48,
  /** uint32 sequence of the tick that changed it last. */
  changed: 52,
  /** uint32 neighbours in the list of rows in order of change. */
  older: 56,
  newer: 60,
  /** uint32 first of its sightings. */
  firstSighting: 64,
  /** uint32 ids of the names of both sides. */
  lowEndpoint: 68,
  highEndpoint: 72,
  /** uint32 endpoint ids of the Service that a side's address and port stand for, 0 for none. */
  lowService: 76,
  highService: 80,
  lowAddress: 84,
  highAddress: 88,
  /** uint32 slot code of the point where the SYN was first seen, as SLOT.point. */
  synPoint: 92,
  /** float64 CLOCK_MONOTONIC nanoseconds, 0 for none. */
  synTime: 96,
  /** float64 cgroup ids of the sockets' owners, 0 for none. */
  lowCgroup: 104,
  highCgroup: 112,
  /** uint32 */
  lowSrttUs: 120,
  highSrttUs: 124,
  lowRetransmits: 128,
  highRetransmits: 132,
  handshakeUs: 136,
  /** uint32 milliseconds since the table's epoch. */
  start: 140,
  end: 144,
  /** uint8, STATE */
  state: 148,
  /** uint8 index into PROTOCOLS and VERDICTS. */
  protocol: 149,
  verdict: 150,
  /** uint8, SIDE_NUMBER of the side that was seen to open, 0 for none. */
  opened: 151,
  /** uint8: 1 when the high side is the client. */
  clientIsHigh: 152,
  /** uint8 */
  lowDscp: 153,
  highDscp: 154,
  /** uint8: 1 while a side is without a name, so that a later inventory may give one. */
  unresolved: 155,
  /** uint32 sums, from packets alone. */
  lowSeenRetransmits: 156,
  highSeenRetransmits: 160,
  lowOutOfOrder: 164,
  highOutOfOrder: 168,
  lowZeroWindows: 172,
  highZeroWindows: 176,
  lowSyns: 180,
  highSyns: 184,
  /** uint32 ids of the tunnels that carry a direction, 0 for none. */
  lowTunnel: 188,
  highTunnel: 192,
  /** uint32 packets that the kernel dropped. */
  dropped: 196,
  /** uint16 source ports of the tunnels' packets. */
  lowOuterPort: 200,
  highOuterPort: 202,
  /** uint8: 1 when an ICMP error said that nobody listens. */
  unreachable: 204,
  /** uint8, TUPLE_ROLE + 1 of the row's key in a flow across NAT, 0 in any other. */
  role: 205,
  /** uint8: 1 when this key's low side is the high side of its flow. */
  turned: 206,
  /** uint8: 1 while packets with this key are found by it. */
  indexed: 207,
  /** uint32 ids of the names of those tunnels, 0 for none. */
  lowCarrier: 208,
  highCarrier: 212,
  /** uint32 row of the flow that this row's key belongs to: its own, or that of the flow it was joined to. */
  flow: 216,
  /** uint32 next row of a further key of the same flow. */
  nextKey: 220,
  /** uint8, SIDE_NUMBER of the side that conntrack has as the original source, 0 where it has nothing. */
  original: 224,
  /** uint8: 1 when the address after SNAT is one of the node. */
  masqueraded: 225,
  /** uint8: 1 while its sides are to be named anew with what this interval brought. */
  unnamed: 226,
  /** uint8, SIDE_NUMBER of the side that conntrack has as the source of a flow whose opening was not seen, 0 for none. */
  source: 227,
  /** uint8: 1 when conntrack was asked for it. */
  sourceAsked: 228,
  /** uint8, TRANSLATED_BY: who has it that this end answered for the address asked. */
  translatedBy: 229,
} as const;

/** A multiple of 8, so that float64 stay aligned. */
export const ROW_BYTES = 232;

/** `joined`: a further key of another row's flow, with its counters and nothing else. */
export const STATE = { free: 0, live: 1, ended: 2, joined: 3 } as const;
export const SIDE_NUMBER = { low: 1, high: 2 } as const;

/** Byte offsets of a sighting in the pool. */
export const KEPT = {
  /** float64 */
  packets: 0,
  bytes: 8,
  /** uint32 milliseconds since the table's epoch. */
  first: 16,
  last: 20,
  /** uint32 point id << 1 | 1 where the flow's high side sent it */
  code: 24,
  /** uint32 next sighting of the same flow. */
  next: 28,
  /** uint32 OR of TCP flag bytes. */
  tcpFlags: 32,
  /** uint32 row of the key that it was seen with. */
  key: 36,
} as const;

/** A multiple of 8, so that float64 stay aligned. */
export const KEPT_BYTES = 40;
