#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <array>

#include "netlink_attributes.h"
#include "netlink_format.h"
#include "netlink_tables.h"

namespace vethscope {

namespace {

/** A forwarding entry's NDA_DST is a tunnel's remote, of either family. */
std::optional<std::string> format_destination(int family, const nlattr* attribute) {
  if (family == AF_BRIDGE) family = mnl_attr_get_payload_len(attribute) == 4 ? AF_INET : AF_INET6;
  return format_address(family, attribute);
}

NeighbourEntry read_neighbour(const nlmsghdr* message) {
  auto* info = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
  NeighbourEntry entry;
  entry.ifindex = info->ndm_ifindex;
  entry.state = info->ndm_state;
  entry.flags = info->ndm_flags;
  for_each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
    switch (mnl_attr_get_type(attribute)) {
      case NDA_DST:
        entry.address = format_destination(info->ndm_family, attribute);
        break;
      case NDA_LLADDR:
        entry.mac = format_mac(attribute);
        break;
      case NDA_MASTER:
        entry.master = mnl_attr_get_u32(attribute);
        break;
      case NDA_VLAN:
        entry.vlan = mnl_attr_get_u16(attribute);
        break;
      default:
        break;
    }
  });
  return entry;
}

std::vector<NeighbourEntry> list(NetlinkSocket& socket, uint8_t family) {
  std::array<char, 256> buffer = {};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETNEIGH;
  auto* query = static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ndmsg)));
  query->ndm_family = family;

  std::vector<NeighbourEntry> entries;
  socket.dump(
      request, "netlink RTM_GETNEIGH", [&] { entries.clear(); },
      [&](const nlmsghdr* message) {
        auto* info = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
        bool is_forwarding = info->ndm_family == AF_BRIDGE;
        if (is_forwarding == (family == AF_BRIDGE)) entries.push_back(read_neighbour(message));
      });
  return entries;
}

}  // namespace

std::vector<NeighbourEntry> list_neighbours(NetlinkSocket& socket) { return list(socket, AF_UNSPEC); }

std::vector<NeighbourEntry> list_forwarding(NetlinkSocket& socket) { return list(socket, AF_BRIDGE); }

}  // namespace vethscope
