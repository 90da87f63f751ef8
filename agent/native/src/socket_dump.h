#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "netlink_socket.h"

namespace vethscope {

/** A socket as JavaScript reads it (agent/src/sockets/socketLayout.ts). Host byte order, addresses apart. */
struct SocketRecord {
  uint64_t cgroup; /* id of the cgroup that made it; 0 where the kernel does not say (SYN_RECV, TIME_WAIT) */
  uint64_t cookie; /* given to no other socket until the next boot */
  uint8_t local[16];  /* network order; IPv4 is ::ffff:a.b.c.d, also of an IPv4 socket bound to any address */
  uint8_t remote[16]; /* as `local` */
  uint32_t inode;     /* of the file behind it, 0 for none */
  uint32_t uid;
  uint32_t interface; /* ifindex it is bound to, 0 for any */
  uint16_t local_port;
  uint16_t remote_port; /* 0 while not connected */
  uint8_t protocol;     /* IPPROTO_ */
  uint8_t family;       /* 4 or 6, of the socket itself */
  uint8_t state;        /* TCP_ESTABLISHED ... of linux/tcp.h; UDP: 1 connected, 7 not */
  uint8_t ipv6_only;    /* 1 for a socket of family 6 that takes no IPv4 */
  uint32_t reserved;
};
static_assert(sizeof(SocketRecord) == 72);
static_assert(offsetof(SocketRecord, inode) == 48 && offsetof(SocketRecord, protocol) == 64);

/**
 * All TCP and UDP sockets of the namespace that a NETLINK_SOCK_DIAG socket is of, SocketRecords one behind
 * the other. Not a moment's picture: what opens or closes meanwhile is in it or not. Throws Failure, with
 * ENOENT where the kernel has no sock_diag for these protocols.
 */
std::vector<uint8_t> dump_sockets(NetlinkSocket& socket);

}  // namespace vethscope
