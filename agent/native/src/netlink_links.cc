#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstring>

#include "netlink_attributes.h"
#include "netlink_format.h"
#include "netlink_link_info.h"
#include "netlink_tables.h"

namespace vethscope {

namespace {

/** IF_OPER_ (RFC 2863) as `ip` names them. */
std::string state_word(uint8_t state) {
  static const std::array<const char*, 7> words = {"unknown", "notpresent", "down", "lowerlayerdown",
                                                   "testing", "dormant",    "up"};
  return state < words.size() ? words[state] : std::to_string(state);
}

void read_statistics(const nlattr* attribute, Link& link) {
  rtnl_link_stats64 statistics = {};
  size_t length = std::min<size_t>(mnl_attr_get_payload_len(attribute), sizeof(statistics));
  std::memcpy(&statistics, mnl_attr_get_payload(attribute), length);
  link.received_packets = statistics.rx_packets;
  link.received_bytes = statistics.rx_bytes;
  link.received_dropped = statistics.rx_dropped;
  link.sent_packets = statistics.tx_packets;
  link.sent_bytes = statistics.tx_bytes;
  link.sent_dropped = statistics.tx_dropped;
}

void read_attribute(const nlattr* attribute, Link& link) {
  switch (mnl_attr_get_type(attribute)) {
    case IFLA_IFNAME:
      link.name = mnl_attr_get_str(attribute);
      break;
    case IFLA_LINKINFO:
      read_link_info(attribute, link);
      break;
    case IFLA_ADDRESS:
      link.mac = format_mac(attribute);
      break;
    case IFLA_MTU:
      link.mtu = mnl_attr_get_u32(attribute);
      break;
    case IFLA_OPERSTATE:
      link.state = state_word(mnl_attr_get_u8(attribute));
      break;
    case IFLA_MASTER:
      link.master = mnl_attr_get_u32(attribute);
      break;
    case IFLA_LINK:
      link.link = mnl_attr_get_u32(attribute);
      break;
    case IFLA_LINK_NETNSID:
      link.link_netnsid = static_cast<int32_t>(mnl_attr_get_u32(attribute));
      break;
    case IFLA_PROMISCUITY:
      link.promiscuity = mnl_attr_get_u32(attribute);
      break;
    case IFLA_STATS64:
      read_statistics(attribute, link);
      break;
    default:
      break;
  }
}

}  // namespace

Link read_link(const nlmsghdr* message) {
  auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  Link link;
  link.ifindex = info->ifi_index;
  link.type = info->ifi_type;
  link.flags = info->ifi_flags;
  for_each_attribute(message, sizeof(*info),
                     [&](const nlattr* attribute) { read_attribute(attribute, link); });
  return link;
}

std::vector<Link> list_links(NetlinkSocket& socket) {
  std::array<char, 256> buffer = {};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETLINK;
  auto* query = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
  query->ifi_family = AF_UNSPEC;

  std::vector<Link> links;
  socket.dump(
      request, "netlink RTM_GETLINK", [&] { links.clear(); },
      [&](const nlmsghdr* message) { links.push_back(read_link(message)); });
  return links;
}

std::vector<LinkAddress> list_addresses(NetlinkSocket& socket) {
  std::array<char, 256> buffer = {};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETADDR;
  auto* query = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifaddrmsg)));
  query->ifa_family = AF_UNSPEC;

  std::vector<LinkAddress> addresses;
  socket.dump(
      request, "netlink RTM_GETADDR", [&] { addresses.clear(); },
      [&](const nlmsghdr* message) {
        auto* info = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
        if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6) return;
        const nlattr* address = nullptr;
        const nlattr* local = nullptr;
        for_each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
          if (mnl_attr_get_type(attribute) == IFA_ADDRESS) address = attribute;
          if (mnl_attr_get_type(attribute) == IFA_LOCAL) local = attribute;
        });
        /* On a point-to-point device IFA_ADDRESS is the peer's. */
        if (local) address = local;
        if (!address) return;
        auto text = format_address(info->ifa_family, address);
        if (!text) return;
        addresses.push_back({info->ifa_index, *text + "/" + std::to_string(info->ifa_prefixlen)});
      });
  return addresses;
}

int32_t namespace_id(NetlinkSocket& socket, int other_namespace_fd) {
  std::array<char, 256> buffer = {};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETNSID;
  auto* query = static_cast<rtgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(rtgenmsg)));
  query->rtgen_family = AF_UNSPEC;
  mnl_attr_put_u32(request, NETNSA_FD, static_cast<uint32_t>(other_namespace_fd));

  int32_t id = -1;
  socket.ask(request, "netlink RTM_GETNSID", [&](const nlmsghdr* message) {
    for_each_attribute(message, sizeof(rtgenmsg), [&](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) == NETNSA_NSID) id = static_cast<int32_t>(mnl_attr_get_u32(attribute));
    });
  });
  return id;
}

}  // namespace vethscope
