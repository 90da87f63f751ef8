/** Byte offsets of a dumped socket: `SocketRecord` of agent/native/src/socket_dump.h, host byte order. */
export const SOCKET_BYTES = 72;
export const SOCKET = {
  /** uint64, 0 where the kernel does not say */
  cgroup: 0,
  /** uint64, given to no other socket until the next boot */
  cookie: 8,
  /** 16 bytes each, network order; IPv4 is ::ffff:a.b.c.d */
  localAddress: 16,
  remoteAddress: 32,
  /** uint32, 0 for none */
  inode: 48,
  /** uint32 ifindex it is bound to, 0 for any */
  interface: 56,
  /** uint16 */
  localPort: 60,
  remotePort: 62,
  /** uint8 */
  protocol: 64,
  /** uint8: 4 or 6, of the socket itself */
  family: 65,
  /** uint8, SOCKET_STATE */
  state: 66,
  /** uint8: 1 for a socket of family 6 that takes no IPv4 */
  ipv6Only: 67,
} as const;

/** States of linux/tcp.h. A UDP socket is established when it is connected, else close. */
export const SOCKET_STATE = {
  established: 1,
  timeWait: 6,
  close: 7,
  listen: 10,
} as const;
