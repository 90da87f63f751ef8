#pragma once

#include <array>
#include <cstdint>

namespace vethscope {

/** One direction of a connection. IPv4 addresses are ::ffff:a.b.c.d, as in flow keys. */
struct ConntrackTuple {
  std::array<uint8_t, 16> source;
  std::array<uint8_t, 16> destination;
  /** Host byte order; of ICMP the echo id, on both sides. */
  uint16_t source_port;
  uint16_t destination_port;

  bool is_reverse_of(const ConntrackTuple& other) const {
    return source == other.destination && destination == other.source &&
           source_port == other.destination_port && destination_port == other.source_port;
  }
};

enum class ConntrackKind : uint8_t { listed = 1, created = 2, destroyed = 3 };

/** An entry of the connection tracking, as it reaches JavaScript; agent/src/nat/conntrackLayout.ts has the
 * offsets. */
struct ConntrackRecord {
  ConntrackKind kind;
  /** 4 or 6. */
  uint8_t family;
  /** IP protocol number. */
  uint8_t protocol;
  /** `enum tcp_conntrack`; 0 for other protocols. */
  uint8_t state;
  uint32_t id;
  /** `enum ip_conntrack_status` */
  uint32_t status;
  /** Seconds until it goes without another packet. */
  uint32_t timeout;
  uint16_t zone;
  /** Of the original and the reply tuple. */
  uint8_t icmp_type;
  uint8_t icmp_code;
  uint8_t reply_icmp_type;
  uint8_t reply_icmp_code;
  /** Whether its first packet was in the middle of a TCP connection: then its source may be who answers. */
  bool is_picked_up;
  uint8_t unused;
  /** Nanoseconds since the epoch; 0 where net.netfilter.nf_conntrack_timestamp is off. */
  uint64_t start;
  ConntrackTuple original;
  ConntrackTuple reply;

  bool is_translated() const { return !reply.is_reverse_of(original); }
};

static_assert(sizeof(ConntrackRecord) == 104, "the layout is shared with JavaScript");

}  // namespace vethscope
