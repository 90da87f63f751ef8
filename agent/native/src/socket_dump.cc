#include "socket_dump.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include <array>
#include <cstring>

#include "netlink_attributes.h"

namespace vethscope {

namespace {

/* linux/inet_diag.h before 5.8 does not know it. */
constexpr uint16_t kCgroupId = 21;
/* TCP_ESTABLISHED to TCP_CLOSING: without those that are bound and neither listen nor connect. */
constexpr uint32_t kEveryState = 0xfff;

void write_address(int family, const __be32* words, uint8_t* address) {
  if (family == AF_INET6) {
    memcpy(address, words, 16);
    return;
  }
  memset(address, 0, 10);
  memset(address + 10, 0xff, 2);
  memcpy(address + 12, words, 4);
}

SocketRecord read_socket(const nlmsghdr* message, uint8_t protocol) {
  auto* info = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
  SocketRecord record = {};
  record.cookie = static_cast<uint64_t>(info->id.idiag_cookie[1]) << 32 | info->id.idiag_cookie[0];
  write_address(info->idiag_family, info->id.idiag_src, record.local);
  write_address(info->idiag_family, info->id.idiag_dst, record.remote);
  record.inode = info->idiag_inode;
  record.uid = info->idiag_uid;
  record.interface = info->id.idiag_if;
  record.local_port = ntohs(info->id.idiag_sport);
  record.remote_port = ntohs(info->id.idiag_dport);
  record.protocol = protocol;
  record.family = info->idiag_family == AF_INET6 ? 6 : 4;
  record.state = info->idiag_state;
  for_each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
    switch (mnl_attr_get_type(attribute)) {
      case kCgroupId:
        record.cgroup = mnl_attr_get_u64(attribute);
        break;
      case INET_DIAG_SKV6ONLY:
        record.ipv6_only = mnl_attr_get_u8(attribute);
        break;
      default:
        break;
    }
  });
  return record;
}

void append_sockets(NetlinkSocket& socket, uint8_t family, uint8_t protocol, std::vector<uint8_t>& records) {
  std::array<char, 128> buffer = {};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
  auto* query = static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(request, sizeof(inet_diag_req_v2)));
  query->sdiag_family = family;
  query->sdiag_protocol = protocol;
  query->idiag_states = kEveryState;

  const size_t before = records.size();
  socket.dump(
      request, "netlink SOCK_DIAG_BY_FAMILY", [&] { records.resize(before); },
      [&](const nlmsghdr* message) {
        SocketRecord record = read_socket(message, protocol);
        auto* bytes = reinterpret_cast<const uint8_t*>(&record);
        records.insert(records.end(), bytes, bytes + sizeof(record));
      });
}

}  // namespace

std::vector<uint8_t> dump_sockets(NetlinkSocket& socket) {
  std::vector<uint8_t> records;
  for (uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
    for (uint8_t family : {AF_INET, AF_INET6}) append_sockets(socket, family, protocol, records);
  }
  return records;
}

}  // namespace vethscope
