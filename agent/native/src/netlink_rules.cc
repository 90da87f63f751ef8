#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <array>

#include "netlink_attributes.h"
#include "netlink_format.h"
#include "netlink_tables.h"

namespace vethscope {

namespace {

/** With prefix length. */
std::optional<std::string> format_prefix(int family, const nlattr* attribute, uint8_t length) {
  auto address = format_address(family, attribute);
  if (!address) return std::nullopt;
  return *address + "/" + std::to_string(length);
}

/** Conditions on what a conversation's addresses and interfaces do not tell. */
bool is_further_condition(int type) {
  return type == FRA_TUN_ID || type == FRA_L3MDEV || type == FRA_UID_RANGE || type == FRA_IP_PROTO ||
         type == FRA_SPORT_RANGE || type == FRA_DPORT_RANGE || type == FRA_FLOW;
}

RuleEntry read_rule(const nlmsghdr* message) {
  auto* info = static_cast<const fib_rule_hdr*>(mnl_nlmsg_get_payload(message));
  RuleEntry rule;
  rule.family = info->family == AF_INET ? 4 : 6;
  rule.table = info->table;
  rule.action = info->action;
  rule.inverted = (info->flags & FIB_RULE_INVERT) != 0;
  rule.has_further_conditions = info->tos != 0;
  for_each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
    const int type = mnl_attr_get_type(attribute);
    switch (type) {
      case FRA_PRIORITY:
        rule.priority = mnl_attr_get_u32(attribute);
        break;
      case FRA_SRC:
        rule.source = format_prefix(info->family, attribute, info->src_len);
        break;
      case FRA_DST:
        rule.destination = format_prefix(info->family, attribute, info->dst_len);
        break;
      case FRA_IIFNAME:
        rule.incoming = mnl_attr_get_str(attribute);
        break;
      case FRA_OIFNAME:
        rule.outgoing = mnl_attr_get_str(attribute);
        break;
      case FRA_FWMARK:
        rule.mark = mnl_attr_get_u32(attribute);
        break;
      case FRA_FWMASK:
        rule.mask = mnl_attr_get_u32(attribute);
        break;
      case FRA_TABLE:
        rule.table = mnl_attr_get_u32(attribute);
        break;
      case FRA_GOTO:
        rule.target = mnl_attr_get_u32(attribute);
        break;
      case FRA_SUPPRESS_PREFIXLEN:
        rule.suppressed_prefix_length = static_cast<int32_t>(mnl_attr_get_u32(attribute));
        break;
      default:
        rule.has_further_conditions |= is_further_condition(type);
        break;
    }
  });
  return rule;
}

}  // namespace

std::vector<RuleEntry> list_rules(NetlinkSocket& socket) {
  std::array<char, 256> buffer = {};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETRULE;
  auto* query = static_cast<fib_rule_hdr*>(mnl_nlmsg_put_extra_header(request, sizeof(fib_rule_hdr)));
  query->family = AF_UNSPEC;

  std::vector<RuleEntry> rules;
  socket.dump(
      request, "netlink RTM_GETRULE", [&] { rules.clear(); },
      [&](const nlmsghdr* message) {
        auto* info = static_cast<const fib_rule_hdr*>(mnl_nlmsg_get_payload(message));
        /* Multicast routing has rules of its own. */
        if (info->family == AF_INET || info->family == AF_INET6) rules.push_back(read_rule(message));
      });
  return rules;
}

}  // namespace vethscope
