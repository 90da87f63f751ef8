/**
 * Byte offsets of what the kernel program shares with us: `struct flow_record` and `struct event` of bpf/flow.h.
 * Host byte order; every platform we ship for is little-endian. Checked against the compiler in flowLayout.test.ts.
 */

export const KEY_BYTES = 44;
export const KEY = {
  /** 16 bytes each, network order; IPv4 is ::ffff:a.b.c.d. */
  lowAddress: 0,
  highAddress: 16,
  /** uint32, Attachment.netns */
  netns: 32,
  /** uint16 */
  lowPort: 36,
  highPort: 38,
  /** uint8 */
  protocol: 40,
  family: 41,
  /** uint16: ICMP type << 8 | code, GRE protocol type; DETAIL_FRAGMENT for fragments without ports */
  detail: 42,
} as const;

export const DETAIL_FRAGMENT = 0xffff;

/** Whether an address is 127.0.0.0/8 or ::1: a different host in each namespace. @param offset of its 16 bytes */
export function isLoopback(view: DataView, offset: number): boolean {
  if (view.getUint32(offset) !== 0 || view.getUint32(offset + 4) !== 0) return false;
  const third = view.getUint32(offset + 8);
  if (third === 0xffff) return view.getUint8(offset + 12) === 127;
  return third === 0 && view.getUint32(offset + 12) === 1;
}

export const RECORD_BYTES = 384;
/** Offsets within a record. */
export const RECORD = {
  key: 0,
  low: 48,
  high: 104,
  /** uint64, exact CLOCK_MONOTONIC nanoseconds, 0 for none */
  synTime: 160,
  answerTime: 168,
  /** uint16, as SLOT.point */
  synPoint: 176,
  answerPoint: 178,
  /** uint32 */
  overflowPackets: 180,
  /** uint64 */
  overflowBytes: 184,
  slots: 192,
} as const;

/** Offsets within `struct side_facts`. */
export const SIDE = {
  /** uint64 */
  cgroup: 0,
  /** Of a further socket that sent as the same side, 0 for none. */
  otherCgroup: 8,
  /** uint32 */
  srttUs: 16,
  retransmits: 20,
  seenRetransmits: 24,
  outOfOrder: 28,
  zeroWindows: 32,
  /** uint32 id of the tunnel, 0 for none */
  tunnel: 36,
  /** uint16 */
  outerPort: 40,
  syns: 42,
  /** uint8 */
  dscp: 44,
  /** uint64, of the socket that the cgroup is of, 0 for none */
  cookie: 48,
} as const;

/** Bytes of an entry of Collector.tunnels(). */
export const TUNNEL_BYTES = 48;
/** Offsets within such an entry: `struct tunnel_key` and the tunnel's id. */
export const TUNNEL = {
  /** 16 bytes each, as in KEY. */
  source: 0,
  destination: 16,
  /** uint32 */
  netns: 32,
  identifier: 36,
  /** uint16, UDP destination port, 0 without ports */
  port: 40,
  /** uint8 */
  protocol: 42,
  /** uint8 `enum tunnel_kind`: index into TUNNEL_KINDS plus 1 */
  kind: 43,
  /** uint32 */
  id: 44,
} as const;

export const POINT_SLOTS = 8;
export const SLOT_BYTES = 24;
/** Offsets within `struct point_slot`. */
export const SLOT = {
  /** uint16, index << 3 | inner << 2 | egress << 1 | from_high; 0 is free */
  point: 0,
  /** uint16 */
  tcpFlags: 2,
  /** uint32 */
  packets: 4,
  /** uint64 */
  bytes: 8,
  /** uint32, CLOCK_MONOTONIC in units of 2^20 nanoseconds */
  first: 16,
  last: 20,
} as const;

/** Nanoseconds of a unit of SLOT.first and SLOT.last. */
export const COARSE_UNIT = 2 ** 20;

/** Bytes of an event without its data, which follows padded to 8 bytes. */
export const EVENT_BYTES = 80;
/** Offsets within `struct event`. */
export const EVENT = {
  key: 0,
  /** uint16, EVENT_KIND */
  kind: 44,
  /** uint16, as SLOT.point */
  point: 46,
  /** uint64, exact CLOCK_MONOTONIC nanoseconds */
  time: 48,
  /** uint32 */
  ifindex: 56,
  length: 60,
  value: 64,
  packets: 68,
  captured: 72,
  offset: 76,
  data: 80,
} as const;

/** `enum event_kind` */
export const EVENT_KIND = { icmpError: 1, dns: 2, capture: 3, drop: 4, sample: 5 } as const;
/** By EVENT_KIND, as the ledger names what was suppressed. */
export const EVENT_NAMES = ['', 'icmp-error', 'dns', 'capture', 'drop', 'sample'] as const;

/** Bytes of an event with its data and padding. */
export function eventLength(view: DataView, offset: number): number {
  return EVENT_BYTES + ((view.getUint32(offset + EVENT.captured, true) + 7) & ~7);
}

/** IP protocol numbers. */
export const IP_PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;

/** TCP flag bits, and our own "opened" bit of a slot (POINT_OPENED). */
export const TCP_FLAG = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ece: 64,
  cwr: 128,
  opened: 0x100,
} as const;

export const TCP_FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;

/** A uint64 as a number; exact to 2^53, which is 104 days of nanoseconds. */
export function readUint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 4294967296;
}

/** A view of a buffer's bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
