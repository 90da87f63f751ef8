/**
 * Byte offsets of what the kernel program shares with us: `struct flow_record` and `struct flow_event` of bpf/flow.h.
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
  /** uint16, type << 8 | code */
  icmp: 42,
} as const;

export const RECORD_BYTES = 448;
/** Offsets within a record. */
export const RECORD = {
  key: 0,
  low: 48,
  high: 80,
  /** uint64 */
  overflowPackets: 112,
  overflowBytes: 120,
  slots: 128,
} as const;

/** Offsets within `struct side_facts`. */
export const SIDE = {
  /** uint64 */
  cgroup: 0,
  cookie: 8,
  /** uint32 */
  srttUs: 16,
  retransmits: 20,
  dscp: 24,
} as const;

export const POINT_SLOTS = 8;
export const SLOT_BYTES = 40;
/** Offsets within `struct point_slot`. */
export const SLOT = {
  /** uint32, ifindex << 2 | egress << 1 | from_high; 0 is free */
  point: 0,
  /** uint32 */
  tcpFlags: 4,
  /** uint64 */
  packets: 8,
  bytes: 16,
  /** uint64, CLOCK_MONOTONIC nanoseconds */
  first: 24,
  last: 32,
} as const;

export const EVENT_BYTES = 64;
/** Offsets within `struct flow_event`. */
export const EVENT = {
  key: 0,
  /** uint32 */
  point: 44,
  /** uint64, CLOCK_MONOTONIC nanoseconds */
  time: 48,
  /** uint32 */
  tcpFlags: 56,
  sequence: 60,
} as const;

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
