#include "link_watch.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

#include "netlink_attributes.h"

namespace vethscope {

namespace {

constexpr size_t kQueueLimit = 65536;
constexpr int kReceiveBufferBytes = 8 << 20;

/** RTA_OIF of a route message; 0 where it has several next hops or none. */
int32_t route_ifindex(const nlmsghdr* message) {
  int32_t ifindex = 0;
  for_each_attribute(message, sizeof(rtmsg), [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == RTA_OIF) ifindex = static_cast<int32_t>(mnl_attr_get_u32(attribute));
  });
  return ifindex;
}

std::optional<LinkChange> read_change(const nlmsghdr* message) {
  const void* body = mnl_nlmsg_get_payload(message);
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return LinkChange{"link", message->nlmsg_type == RTM_DELLINK,
                        static_cast<const ifinfomsg*>(body)->ifi_index};
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return LinkChange{"address", message->nlmsg_type == RTM_DELADDR,
                        static_cast<int32_t>(static_cast<const ifaddrmsg*>(body)->ifa_index)};
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return LinkChange{"route", message->nlmsg_type == RTM_DELROUTE, route_ifindex(message)};
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return LinkChange{"neighbour", message->nlmsg_type == RTM_DELNEIGH,
                        static_cast<const ndmsg*>(body)->ndm_ifindex};
    default:
      return std::nullopt;
  }
}

std::unique_ptr<NetlinkSocket> open_socket(NamespaceResource& netns) {
  std::unique_ptr<NetlinkSocket> socket;
  netns.run([&] {
    socket = std::make_unique<NetlinkSocket>(std::vector<int>{RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
                                                              RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                                                              RTNLGRP_IPV6_ROUTE, RTNLGRP_NEIGH});
  });
  /* Best effort: a smaller buffer overflows sooner, and an overflow is reported. */
  setsockopt(socket->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof(kReceiveBufferBytes));
  return socket;
}

}  // namespace

void LinkChangeQueue::push(const LinkChange& change) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (changes_.size() < kQueueLimit) {
    changes_.push_back(change);
  } else {
    overflowed_ = true;
  }
}

void LinkChangeQueue::push_overflow() {
  std::lock_guard<std::mutex> lock(mutex_);
  overflowed_ = true;
}

std::vector<LinkChange> LinkChangeQueue::take() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<LinkChange> taken;
  taken.swap(changes_);
  if (overflowed_) taken.push_back({"overflow", false, 0});
  overflowed_ = false;
  return taken;
}

LinkWatch::LinkWatch(std::shared_ptr<ResourceRegistry> registry, NamespaceResource& netns, Napi::Env env,
                     Napi::Function callback)
    : Resource(std::move(registry)),
      socket_(open_socket(netns)),
      callback_(env, callback, "vethscope link watch", queue_) {
  thread_ = std::thread([this] { poll_changes(); });
}

void LinkWatch::deliver(Napi::Env env, Napi::Function callback, LinkChangeQueue& queue) {
  for (const LinkChange& change : queue.take()) {
    Napi::HandleScope scope(env);
    Napi::Object object = Napi::Object::New(env);
    object.Set("kind", change.kind);
    object.Set("removed", Napi::Boolean::New(env, change.removed));
    object.Set("ifindex", Napi::Number::New(env, change.ifindex));
    callback.Call({object});
  }
}

void LinkWatch::poll_changes() {
  std::array<pollfd, 2> waits = {pollfd{socket_->fd(), POLLIN, 0}, pollfd{stop_.fd(), POLLIN, 0}};
  for (;;) {
    if (poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) return;
    while (receive()) {
    }
    callback_.request();
  }
}

bool LinkWatch::receive() {
  std::array<char, 64 * 1024> buffer;
  ssize_t received = recv(socket_->fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (received < 0) {
    if (errno == EAGAIN) return false;
    if (errno == ENOBUFS) queue_->push_overflow();
    return errno == EINTR || errno == ENOBUFS;
  }
  int left = static_cast<int>(received);
  for (auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(header, left);
       header = mnl_nlmsg_next(header, &left)) {
    if (auto change = read_change(header)) queue_->push(*change);
  }
  return true;
}

void LinkWatch::release() {
  stop_.raise();
  thread_.join();
  stop_.close();
  callback_.release();
  socket_.reset();
}

}  // namespace vethscope
