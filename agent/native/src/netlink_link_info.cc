#include "netlink_link_info.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>

#include <algorithm>
#include <array>

#include "netlink_attributes.h"
#include "netlink_format.h"

namespace vethscope {

namespace {

/** Where the data of a kind of tunnel has what; 0 for what it does not have. */
struct TunnelFields {
  const char* kind;
  int id;
  int local;
  int local6;
  int remote;
  int remote6;
  int port;
};

constexpr std::array<TunnelFields, 9> kTunnels = {{
    {"vxlan", IFLA_VXLAN_ID, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6,
     IFLA_VXLAN_PORT},
    {"geneve", IFLA_GENEVE_ID, 0, 0, IFLA_GENEVE_REMOTE, IFLA_GENEVE_REMOTE6, IFLA_GENEVE_PORT},
    {"gre", 0, IFLA_GRE_LOCAL, 0, IFLA_GRE_REMOTE, 0, 0},
    {"gretap", 0, IFLA_GRE_LOCAL, 0, IFLA_GRE_REMOTE, 0, 0},
    {"ip6gre", 0, IFLA_GRE_LOCAL, 0, IFLA_GRE_REMOTE, 0, 0},
    {"ip6gretap", 0, IFLA_GRE_LOCAL, 0, IFLA_GRE_REMOTE, 0, 0},
    {"ipip", 0, IFLA_IPTUN_LOCAL, 0, IFLA_IPTUN_REMOTE, 0, 0},
    {"sit", 0, IFLA_IPTUN_LOCAL, 0, IFLA_IPTUN_REMOTE, 0, 0},
    {"ip6tnl", 0, IFLA_IPTUN_LOCAL, 0, IFLA_IPTUN_REMOTE, 0, 0},
}};

/** Nothing for the unspecified address, which stands for any. */
std::optional<std::string> tunnel_end(const nlattr* attribute) {
  auto* bytes = static_cast<const uint8_t*>(mnl_attr_get_payload(attribute));
  uint16_t length = mnl_attr_get_payload_len(attribute);
  if (std::all_of(bytes, bytes + length, [](uint8_t byte) { return byte == 0; })) return std::nullopt;
  return format_address(length == 4 ? AF_INET : AF_INET6, attribute);
}

void read_tunnel(const nlattr* data, const TunnelFields& fields, Link& link) {
  LinkTunnel tunnel;
  for_each_nested(data, [&](const nlattr* attribute) {
    const int type = mnl_attr_get_type(attribute);
    if (type == 0) return;
    if (type == fields.id) tunnel.id = mnl_attr_get_u32(attribute);
    if (type == fields.local || type == fields.local6) tunnel.local = tunnel_end(attribute);
    if (type == fields.remote || type == fields.remote6) tunnel.remote = tunnel_end(attribute);
    if (type == fields.port) link.tunnel_port = ntohs(mnl_attr_get_u16(attribute));
  });
  link.tunnel = tunnel;
}

void read_bridge(const nlattr* data, Link& link) {
  LinkBridge bridge;
  for_each_nested(data, [&](const nlattr* attribute) {
    const int type = mnl_attr_get_type(attribute);
    if (type == IFLA_BR_VLAN_FILTERING) bridge.vlan_filtering = mnl_attr_get_u8(attribute) != 0;
    if (type == IFLA_BR_NF_CALL_IPTABLES) bridge.calls_iptables = mnl_attr_get_u8(attribute) != 0;
    if (type == IFLA_BR_NF_CALL_IP6TABLES) bridge.calls_ip6tables = mnl_attr_get_u8(attribute) != 0;
  });
  link.bridge = bridge;
}

void read_port(const nlattr* data, Link& link) {
  LinkPort port;
  for_each_nested(data, [&](const nlattr* attribute) {
    const int type = mnl_attr_get_type(attribute);
    if (type == IFLA_BRPORT_STATE) port.state = mnl_attr_get_u8(attribute);
    if (type == IFLA_BRPORT_MODE) port.hairpin = mnl_attr_get_u8(attribute) != 0;
    if (type == IFLA_BRPORT_ISOLATED) port.isolated = mnl_attr_get_u8(attribute) != 0;
    if (type == IFLA_BRPORT_LEARNING) port.learning = mnl_attr_get_u8(attribute) != 0;
    if (type == IFLA_BRPORT_UNICAST_FLOOD) port.flood = mnl_attr_get_u8(attribute) != 0;
  });
  link.port = port;
}

void read_data(const nlattr* data, Link& link) {
  if (link.kind == "bridge") read_bridge(data, link);
  for (const TunnelFields& fields : kTunnels) {
    if (link.kind == fields.kind) read_tunnel(data, fields, link);
  }
}

}  // namespace

/* The kernel puts a kind before its data (net/core/rtnetlink.c, rtnl_link_fill). */
void read_link_info(const nlattr* info, Link& link) {
  std::string master_kind;
  for_each_nested(info, [&](const nlattr* attribute) {
    switch (mnl_attr_get_type(attribute)) {
      case IFLA_INFO_KIND:
        link.kind = mnl_attr_get_str(attribute);
        break;
      case IFLA_INFO_DATA:
        read_data(attribute, link);
        break;
      case IFLA_INFO_SLAVE_KIND:
        master_kind = mnl_attr_get_str(attribute);
        break;
      case IFLA_INFO_SLAVE_DATA:
        if (master_kind == "bridge") read_port(attribute, link);
        break;
      default:
        break;
    }
  });
}

}  // namespace vethscope
