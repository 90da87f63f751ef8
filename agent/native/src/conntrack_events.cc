#include "conntrack_events.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "conntrack_message.h"
#include "failure.h"

namespace vethscope {

namespace {

/* At high rates events are read in batches: one wake-up each would cost more than reading them. */
constexpr int kRestMilliseconds = 10;

/** NAT is decided before an entry is confirmed, so updates have nothing to say of it. */
std::unique_ptr<NetlinkSocket> open_socket(NamespaceResource& netns, int receive_bytes) {
  std::unique_ptr<NetlinkSocket> socket;
  netns.run([&] {
    std::vector<int> groups = {NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY};
    socket = std::make_unique<NetlinkSocket>(groups, NETLINK_NETFILTER);
  });
  /* Best effort: a smaller buffer overruns sooner, and an overrun is reported. */
  setsockopt(socket->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof(receive_bytes));
  return socket;
}

}  // namespace

ConntrackEvents::ConntrackEvents(std::shared_ptr<ResourceRegistry> registry, NamespaceResource& netns,
                                 bool translated_only, const ConntrackLimits& limits)
    : Resource(std::move(registry)),
      netns_path_(netns.path()),
      translated_only_(translated_only),
      most_records_(limits.records),
      socket_(open_socket(netns, limits.receive_bytes)) {
  thread_ = std::thread([this] { poll_events(); });
}

ConntrackBatch ConntrackEvents::take() {
  std::lock_guard<std::mutex> lock(mutex_);
  read_all();
  /* What was read before it comes first. */
  if (error_ != 0 && batch_.records.empty())
    throw Failure(error_, "recv(NETLINK_NETFILTER)").in_namespace(netns_path_);
  return std::exchange(batch_, {});
}

void ConntrackEvents::poll_events() {
  std::array<pollfd, 2> waits = {pollfd{stop_.fd(), POLLIN, 0}, pollfd{socket_->fd(), POLLIN, 0}};
  for (;;) {
    if (poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[0].revents != 0) return;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      /* take() says what went wrong. */
      if (!read_all()) return;
    }
    if (poll(waits.data(), 1, kRestMilliseconds) > 0) return;
  }
}

/** False when reading is over for good. */
bool ConntrackEvents::read_all() {
  while (error_ == 0 && batch_.records.size() < most_records_ && receive()) {
  }
  return error_ == 0;
}

bool ConntrackEvents::receive() {
  std::array<char, 8 * 1024> buffer;
  ssize_t received = recv(socket_->fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (received < 0) {
    if (errno == ENOBUFS) ++batch_.overruns;
    if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS) error_ = errno;
    return errno == EINTR || errno == ENOBUFS;
  }
  int left = static_cast<int>(received);
  for (auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(header, left);
       header = mnl_nlmsg_next(header, &left)) {
    auto record = read_conntrack(header, false);
    if (record && (record->is_translated() || !translated_only_)) batch_.records.push_back(*record);
  }
  return true;
}

void ConntrackEvents::release() {
  stop_.raise();
  thread_.join();
  stop_.close();
  socket_.reset();
}

}  // namespace vethscope
