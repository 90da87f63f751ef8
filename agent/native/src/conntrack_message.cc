#include "conntrack_message.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <cstring>

#include "netlink_attributes.h"

namespace vethscope {

namespace {

/** ICMP type and code of a tuple, 0 for other protocols. */
struct IcmpFacts {
  uint8_t type = 0;
  uint8_t code = 0;
};

void copy_address(std::array<uint8_t, 16>& address, const nlattr* attribute) {
  const void* bytes = mnl_attr_get_payload(attribute);
  if (mnl_attr_get_payload_len(attribute) == 4) {
    address = {};
    address[10] = address[11] = 0xff;
    memcpy(&address[12], bytes, 4);
  } else if (mnl_attr_get_payload_len(attribute) == address.size()) {
    memcpy(address.data(), bytes, address.size());
  }
}

void read_addresses(const nlattr* nest, ConntrackTuple& tuple) {
  for_each_nested(nest, [&](const nlattr* attribute) {
    switch (mnl_attr_get_type(attribute)) {
      case CTA_IP_V4_SRC:
      case CTA_IP_V6_SRC:
        copy_address(tuple.source, attribute);
        break;
      case CTA_IP_V4_DST:
      case CTA_IP_V6_DST:
        copy_address(tuple.destination, attribute);
        break;
      default:
        break;
    }
  });
}

void read_ports(const nlattr* nest, ConntrackTuple& tuple, uint8_t& protocol, IcmpFacts& icmp) {
  for_each_nested(nest, [&](const nlattr* attribute) {
    switch (mnl_attr_get_type(attribute)) {
      case CTA_PROTO_NUM:
        protocol = mnl_attr_get_u8(attribute);
        break;
      case CTA_PROTO_SRC_PORT:
        tuple.source_port = ntohs(mnl_attr_get_u16(attribute));
        break;
      case CTA_PROTO_DST_PORT:
        tuple.destination_port = ntohs(mnl_attr_get_u16(attribute));
        break;
      case CTA_PROTO_ICMP_ID:
      case CTA_PROTO_ICMPV6_ID:
        tuple.source_port = tuple.destination_port = ntohs(mnl_attr_get_u16(attribute));
        break;
      case CTA_PROTO_ICMP_TYPE:
      case CTA_PROTO_ICMPV6_TYPE:
        icmp.type = mnl_attr_get_u8(attribute);
        break;
      case CTA_PROTO_ICMP_CODE:
      case CTA_PROTO_ICMPV6_CODE:
        icmp.code = mnl_attr_get_u8(attribute);
        break;
      default:
        break;
    }
  });
}

IcmpFacts read_tuple(const nlattr* nest, ConntrackTuple& tuple, uint8_t& protocol) {
  IcmpFacts icmp;
  for_each_nested(nest, [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == CTA_TUPLE_IP) read_addresses(attribute, tuple);
    if (mnl_attr_get_type(attribute) == CTA_TUPLE_PROTO) read_ports(attribute, tuple, protocol, icmp);
  });
  return icmp;
}

/* The kernel sets it where it did not see how a connection began (tcp_new in nf_conntrack_proto_tcp.c). */
bool is_liberal(const nlattr* attribute) {
  auto* flags = static_cast<const nf_ct_tcp_flags*>(mnl_attr_get_payload(attribute));
  return mnl_attr_get_payload_len(attribute) >= sizeof(*flags) &&
         (flags->flags & IP_CT_TCP_FLAG_BE_LIBERAL) != 0;
}

void read_protocol_state(const nlattr* nest, ConntrackRecord& record) {
  for_each_nested(nest, [&](const nlattr* protocol) {
    if (mnl_attr_get_type(protocol) != CTA_PROTOINFO_TCP) return;
    for_each_nested(protocol, [&](const nlattr* attribute) {
      switch (mnl_attr_get_type(attribute)) {
        case CTA_PROTOINFO_TCP_STATE:
          record.state = mnl_attr_get_u8(attribute);
          break;
        case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL:
          record.is_picked_up = is_liberal(attribute);
          break;
        default:
          break;
      }
    });
  });
}

uint64_t read_start(const nlattr* nest) {
  uint64_t start = 0;
  for_each_nested(nest, [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == CTA_TIMESTAMP_START) start = be64toh(mnl_attr_get_u64(attribute));
  });
  return start;
}

void read_attribute(const nlattr* attribute, ConntrackRecord& record) {
  switch (mnl_attr_get_type(attribute)) {
    case CTA_TUPLE_ORIG: {
      IcmpFacts icmp = read_tuple(attribute, record.original, record.protocol);
      record.icmp_type = icmp.type;
      record.icmp_code = icmp.code;
      break;
    }
    case CTA_TUPLE_REPLY: {
      IcmpFacts icmp = read_tuple(attribute, record.reply, record.protocol);
      record.reply_icmp_type = icmp.type;
      record.reply_icmp_code = icmp.code;
      break;
    }
    case CTA_STATUS:
      record.status = ntohl(mnl_attr_get_u32(attribute));
      break;
    case CTA_PROTOINFO:
      read_protocol_state(attribute, record);
      break;
    case CTA_TIMEOUT:
      record.timeout = ntohl(mnl_attr_get_u32(attribute));
      break;
    case CTA_ID:
      record.id = ntohl(mnl_attr_get_u32(attribute));
      break;
    case CTA_ZONE:
      record.zone = ntohs(mnl_attr_get_u16(attribute));
      break;
    case CTA_TIMESTAMP:
      record.start = read_start(attribute);
      break;
    default:
      break;
  }
}

}  // namespace

std::optional<ConntrackRecord> read_conntrack(const nlmsghdr* message, bool listed) {
  if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_CTNETLINK) return std::nullopt;
  auto* header = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
  if (header->nfgen_family != AF_INET && header->nfgen_family != AF_INET6) return std::nullopt;
  ConntrackRecord record = {};
  bool is_destroyed = NFNL_MSG_TYPE(message->nlmsg_type) == IPCTNL_MSG_CT_DELETE;
  record.kind = listed         ? ConntrackKind::listed
                : is_destroyed ? ConntrackKind::destroyed
                               : ConntrackKind::created;
  record.family = header->nfgen_family == AF_INET ? 4 : 6;
  for_each_attribute(message, sizeof(*header),
                     [&](const nlattr* attribute) { read_attribute(attribute, record); });
  return record;
}

}  // namespace vethscope
