/**
 * Byte offsets of a connection-tracking record, as the addon packs it (agent/native/src/conntrack_record.h). Host byte
 * order; every platform we ship for is little-endian.
 */
export const CONNTRACK_BYTES = 104;
export const CONNTRACK = {
  /** uint8, CONNTRACK_KIND */
  kind: 0,
  /** uint8 4 or 6 */
  family: 1,
  /** uint8 IP protocol number */
  protocol: 2,
  /** uint8 of TCP, the kernel's `enum tcp_conntrack`; 0 for others */
  state: 3,
  /** uint32 */
  id: 4,
  /** uint32, the kernel's `enum ip_conntrack_status` */
  status: 8,
  /** uint32 seconds until it goes without another packet */
  timeout: 12,
  /** uint16 */
  zone: 16,
  /** uint8 of the original and the reply tuple */
  icmpType: 18,
  icmpCode: 19,
  replyIcmpType: 20,
  replyIcmpCode: 21,
  /** uint64 nanoseconds since the epoch, 0 where the kernel keeps no times */
  start: 24,
  /** Tuples. */
  original: 32,
  reply: 68,
} as const;

/** Offsets within a tuple. */
export const TUPLE = {
  /** 16 bytes each, network order; IPv4 is ::ffff:a.b.c.d */
  source: 0,
  destination: 16,
  /** uint16; of ICMP the echo id on both sides */
  sourcePort: 32,
  destinationPort: 34,
} as const;

/** `listed`: was there when the table was read. */
export const CONNTRACK_KIND = { listed: 1, created: 2, destroyed: 3 } as const;
