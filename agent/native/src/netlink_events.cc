#include "netlink_events.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace vethscope {

namespace {

constexpr int kReceiveBufferBytes = 8 << 20;

/** Of its own namespace the kernel says nothing. */
int32_t sender_nsid(const msghdr& parcel) {
  const cmsghdr* header = CMSG_FIRSTHDR(&parcel);
  if (!header || header->cmsg_level != SOL_NETLINK || header->cmsg_type != NETLINK_LISTEN_ALL_NSID) return -1;
  int32_t nsid = -1;
  std::memcpy(&nsid, CMSG_DATA(header), sizeof(nsid));
  return nsid;
}

}  // namespace

NetlinkEvents::NetlinkEvents(const NamespaceResource& netns, const std::vector<int>& groups, Scope scope) {
  netns.run([&] { socket_ = std::make_unique<NetlinkSocket>(groups); });
  /* Best effort: a smaller buffer overflows sooner, and an overflow is reported. */
  setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof(kReceiveBufferBytes));
  if (scope == Scope::own) return;
  /* Best effort too: without it a pod's own changes are seen at the next full read. */
  const int on = 1;
  setsockopt(fd(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on));
}

NetlinkEvents::Received NetlinkEvents::receive(
    const std::function<void(const nlmsghdr*, int32_t)>& message) const {
  std::array<char, 64 * 1024> buffer;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int32_t))> control;
  iovec vector = {buffer.data(), buffer.size()};
  msghdr parcel = {};
  parcel.msg_iov = &vector;
  parcel.msg_iovlen = 1;
  parcel.msg_control = control.data();
  parcel.msg_controllen = control.size();
  ssize_t received = 0;
  do received = recvmsg(fd(), &parcel, MSG_DONTWAIT);
  while (received < 0 && errno == EINTR);
  if (received < 0) return errno == ENOBUFS ? Received::overrun : Received::nothing;
  const int32_t nsid = sender_nsid(parcel);
  int left = static_cast<int>(received);
  for (auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(header, left);
       header = mnl_nlmsg_next(header, &left)) {
    message(header, nsid);
  }
  return Received::messages;
}

}  // namespace vethscope
