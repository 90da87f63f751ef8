#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink_socket.h"

/** What rtnetlink lists, as plain data; the fields are those of index.d.ts. */
namespace vethscope {

/** Ends of a tunnel: nothing where any will do, or where the kind has none. */
struct LinkTunnel {
  std::optional<uint32_t> id;
  std::optional<std::string> local;
  std::optional<std::string> remote;
};

struct LinkBridge {
  bool vlan_filtering = false;
  bool calls_iptables = false;
  bool calls_ip6tables = false;
};

/** A link as a port of its bridge. */
struct LinkPort {
  uint8_t state = 0;
  bool hairpin = false;
  bool isolated = false;
  bool learning = false;
  bool flood = false;
};

struct Link {
  int32_t ifindex = 0;
  std::string name;
  std::string kind;
  uint16_t type = 0;
  uint32_t flags = 0;
  std::string mac;
  uint32_t mtu = 0;
  std::string state;
  uint32_t master = 0;
  uint32_t link = 0;
  int32_t link_netnsid = -1;
  uint32_t promiscuity = 0;
  uint16_t tunnel_port = 0;
  std::optional<LinkTunnel> tunnel;
  std::optional<LinkBridge> bridge;
  std::optional<LinkPort> port;
  uint64_t received_packets = 0;
  uint64_t received_bytes = 0;
  uint64_t received_dropped = 0;
  uint64_t sent_packets = 0;
  uint64_t sent_bytes = 0;
  uint64_t sent_dropped = 0;
};

struct LinkAddress {
  uint32_t ifindex = 0;
  std::string address;
};

struct RouteEntry {
  std::string destination;
  std::optional<std::string> gateway;
  uint32_t ifindex = 0;
  uint32_t table = 0;
  uint8_t protocol = 0;
  uint8_t scope = 0;
  uint8_t type = 0;
  uint32_t metric = 0;
  std::optional<std::string> source;
};

struct RuleEntry {
  uint8_t family = 0;
  uint32_t priority = 0;
  std::optional<std::string> source;
  std::optional<std::string> destination;
  std::optional<std::string> incoming;
  std::optional<std::string> outgoing;
  uint32_t mark = 0;
  uint32_t mask = 0;
  uint32_t table = 0;
  uint8_t action = 0;
  uint32_t target = 0;
  int32_t suppressed_prefix_length = -1;
  bool inverted = false;
  bool has_further_conditions = false;
};

struct NeighbourEntry {
  int32_t ifindex = 0;
  std::optional<std::string> address;
  std::optional<std::string> mac;
  uint16_t state = 0;
  uint8_t flags = 0;
  uint32_t master = 0;
  uint16_t vlan = 0;
};

/** Of RTM_NEWLINK. */
Link read_link(const nlmsghdr* message);
std::vector<Link> list_links(NetlinkSocket& socket);
std::vector<LinkAddress> list_addresses(NetlinkSocket& socket);
std::vector<RouteEntry> list_routes(NetlinkSocket& socket);
/** Policy rules of IPv4 and IPv6, each family's in the order that they are asked. */
std::vector<RuleEntry> list_rules(NetlinkSocket& socket);
/** ARP and neighbour discovery. */
std::vector<NeighbourEntry> list_neighbours(NetlinkSocket& socket);
/** Forwarding entries of bridges and tunnels. */
std::vector<NeighbourEntry> list_forwarding(NetlinkSocket& socket);
/** The id that the socket's namespace gave another one, -1 for none. */
int32_t namespace_id(NetlinkSocket& socket, int other_namespace_fd);

}  // namespace vethscope
