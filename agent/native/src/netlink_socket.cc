#include "netlink_socket.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "failure.h"

namespace vethscope {

namespace {
constexpr size_t kReceiveBytes = 64 * 1024;
/* A table that never stops changing: its last dump is taken, and the watch reports what it missed. */
constexpr int kDumpAttempts = 10;
}  // namespace

NetlinkSocket::NetlinkSocket(const std::vector<int>& groups, int family) {
  socket_ = mnl_socket_open2(family, SOCK_CLOEXEC);
  if (!socket_) throw Failure(errno, "socket(AF_NETLINK)");
  unsigned int legacy_groups = 0;
  if (mnl_socket_bind(socket_, legacy_groups, MNL_SOCKET_AUTOPID) < 0) {
    int error = errno;
    mnl_socket_close(socket_);
    throw Failure(error, "bind(AF_NETLINK)");
  }
  for (int group : groups) {
    if (mnl_socket_setsockopt(socket_, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
      int error = errno;
      mnl_socket_close(socket_);
      throw Failure(error, "setsockopt(NETLINK_ADD_MEMBERSHIP)");
    }
  }
}

NetlinkSocket::~NetlinkSocket() { mnl_socket_close(socket_); }

NetlinkSocket::Reply NetlinkSocket::exchange(nlmsghdr* request, const std::string& call,
                                             const std::function<void(const nlmsghdr*)>& message) {
  request->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_, request, request->nlmsg_len) < 0) throw Failure(errno, call);

  bool is_dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  bool interrupted = false;
  std::vector<char> buffer(kReceiveBytes);
  for (;;) {
    ssize_t received = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) throw Failure(errno, call);
    int left = static_cast<int>(received);
    for (auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(header, left);
         header = mnl_nlmsg_next(header, &left)) {
      if (header->nlmsg_seq != sequence_) continue;
      if (header->nlmsg_flags & NLM_F_DUMP_INTR) interrupted = true;
      if (header->nlmsg_type == NLMSG_DONE) return interrupted ? Reply::interrupted : Reply::complete;
      if (header->nlmsg_type == NLMSG_ERROR) {
        auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header));
        if (error->error != 0) throw Failure(-error->error, call);
        return Reply::complete;
      }
      message(header);
      if (!is_dump) return Reply::complete;
    }
  }
}

void NetlinkSocket::dump(nlmsghdr* request, const std::string& call, const std::function<void()>& restart,
                         const std::function<void(const nlmsghdr*)>& message) {
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    restart();
    if (exchange(request, call, message) == Reply::complete) return;
  }
}

void NetlinkSocket::ask(nlmsghdr* request, const std::string& call,
                        const std::function<void(const nlmsghdr*)>& answer) {
  request->nlmsg_flags = NLM_F_REQUEST;
  exchange(request, call, answer);
}

void NetlinkSocket::change(nlmsghdr* request, uint16_t flags, const std::string& call) {
  request->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  exchange(request, call, [](const nlmsghdr*) {});
}

}  // namespace vethscope
