#include <linux/rtnetlink.h>

#include <array>

#include "netlink_attributes.h"
#include "netlink_format.h"
#include "netlink_tables.h"

namespace vethscope {

namespace {

/** RTA_VIA: a gateway of another family than the route's. */
std::optional<std::string> format_via(const nlattr* attribute) {
  auto* via = static_cast<const rtvia*>(mnl_attr_get_payload(attribute));
  int length = mnl_attr_get_payload_len(attribute) - static_cast<int>(sizeof(via->rtvia_family));
  if (length != 4 && length != 16) return std::nullopt;
  std::array<char, sizeof(nlattr) + 16> copy = {};
  auto* address = reinterpret_cast<nlattr*>(copy.data());
  address->nla_len = static_cast<uint16_t>(sizeof(nlattr) + length);
  std::copy_n(via->rtvia_addr, length, reinterpret_cast<uint8_t*>(copy.data()) + sizeof(nlattr));
  return format_address(via->rtvia_family, address);
}

void read_hop_attribute(int family, const nlattr* attribute, RouteEntry& route) {
  if (mnl_attr_get_type(attribute) == RTA_GATEWAY) route.gateway = format_address(family, attribute);
  if (mnl_attr_get_type(attribute) == RTA_VIA) route.gateway = format_via(attribute);
}

/** One entry a next hop. */
void add_next_hops(int family, const nlattr* multipath, const RouteEntry& route,
                   std::vector<RouteEntry>& routes) {
  auto* hop = static_cast<const rtnexthop*>(mnl_attr_get_payload(multipath));
  int left = mnl_attr_get_payload_len(multipath);
  while (left >= static_cast<int>(sizeof(*hop)) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
    RouteEntry entry = route;
    entry.ifindex = static_cast<uint32_t>(hop->rtnh_ifindex);
    for_each_attribute_between(
        RTNH_DATA(hop), reinterpret_cast<const char*>(hop) + hop->rtnh_len,
        [&](const nlattr* attribute) { read_hop_attribute(family, attribute, entry); });
    routes.push_back(std::move(entry));
    left -= RTNH_ALIGN(hop->rtnh_len);
    hop = RTNH_NEXT(hop);
  }
}

void add_route(const nlmsghdr* message, std::vector<RouteEntry>& routes) {
  auto* info = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  int family = info->rtm_family;
  if (family != AF_INET && family != AF_INET6) return;

  RouteEntry route;
  route.table = info->rtm_table;
  route.protocol = info->rtm_protocol;
  route.scope = info->rtm_scope;
  route.type = info->rtm_type;
  std::string destination = family == AF_INET ? "0.0.0.0" : "::";
  const nlattr* multipath = nullptr;
  for_each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
    switch (mnl_attr_get_type(attribute)) {
      case RTA_DST:
        destination = format_address(family, attribute).value_or(destination);
        break;
      case RTA_OIF:
        route.ifindex = mnl_attr_get_u32(attribute);
        break;
      case RTA_TABLE:
        route.table = mnl_attr_get_u32(attribute);
        break;
      case RTA_PRIORITY:
        route.metric = mnl_attr_get_u32(attribute);
        break;
      case RTA_PREFSRC:
        route.source = format_address(family, attribute);
        break;
      case RTA_MULTIPATH:
        multipath = attribute;
        break;
      default:
        read_hop_attribute(family, attribute, route);
        break;
    }
  });
  route.destination = destination + "/" + std::to_string(info->rtm_dst_len);
  if (multipath) {
    add_next_hops(family, multipath, route, routes);
  } else {
    routes.push_back(std::move(route));
  }
}

}  // namespace

std::vector<RouteEntry> list_routes(NetlinkSocket& socket) {
  std::array<char, 256> buffer = {};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETROUTE;
  auto* query = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(rtmsg)));
  query->rtm_family = AF_UNSPEC;

  std::vector<RouteEntry> routes;
  socket.dump(
      request, "netlink RTM_GETROUTE", [&] { routes.clear(); },
      [&](const nlmsghdr* message) { add_route(message, routes); });
  return routes;
}

}  // namespace vethscope
