#include "link_watch.h"

#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
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

/** The id that a namespace got, or had until it went. */
int32_t told_nsid(const nlmsghdr* message) {
  int32_t nsid = -1;
  for_each_attribute(message, sizeof(rtgenmsg), [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == NETNSA_NSID) nsid = static_cast<int32_t>(mnl_attr_get_u32(attribute));
  });
  return nsid;
}

std::optional<LinkChange> read_change(const nlmsghdr* message, int32_t nsid) {
  const void* body = mnl_nlmsg_get_payload(message);
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      auto* info = static_cast<const ifinfomsg*>(body);
      /* A bridge's word on a port of its own: removed means that it is no port any more, not that it is gone.
       */
      const char* kind = info->ifi_family == AF_BRIDGE ? "port" : "link";
      return LinkChange{kind, message->nlmsg_type == RTM_DELLINK, info->ifi_index, nsid};
    }
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return LinkChange{"address", message->nlmsg_type == RTM_DELADDR,
                        static_cast<int32_t>(static_cast<const ifaddrmsg*>(body)->ifa_index), nsid};
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return LinkChange{"route", message->nlmsg_type == RTM_DELROUTE, route_ifindex(message), nsid};
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return LinkChange{"neighbour", message->nlmsg_type == RTM_DELNEIGH,
                        static_cast<const ndmsg*>(body)->ndm_ifindex, nsid};
    case RTM_NEWRULE:
    case RTM_DELRULE:
      return LinkChange{"rule", message->nlmsg_type == RTM_DELRULE, 0, nsid};
    case RTM_NEWNETCONF:
    case RTM_DELNETCONF:
      return LinkChange{"setting", message->nlmsg_type == RTM_DELNETCONF, 0, nsid};
    case RTM_NEWNSID:
    case RTM_DELNSID:
      return LinkChange{"namespace", message->nlmsg_type == RTM_DELNSID, 0, told_nsid(message)};
    default:
      return std::nullopt;
  }
}

/** The id of the namespace that a message is about; -1 for the socket's own, of which the kernel says
 * nothing. */
int32_t sender_nsid(const msghdr& parcel) {
  const cmsghdr* header = CMSG_FIRSTHDR(&parcel);
  if (!header || header->cmsg_level != SOL_NETLINK || header->cmsg_type != NETLINK_LISTEN_ALL_NSID) return -1;
  int32_t nsid = -1;
  std::memcpy(&nsid, CMSG_DATA(header), sizeof(nsid));
  return nsid;
}

std::unique_ptr<NetlinkSocket> open_socket(NamespaceResource& netns) {
  std::unique_ptr<NetlinkSocket> socket;
  netns.run([&] {
    socket = std::make_unique<NetlinkSocket>(
        std::vector<int>{RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                         RTNLGRP_IPV6_ROUTE, RTNLGRP_NEIGH, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
                         RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_NSID});
  });
  /* Best effort: a smaller buffer overflows sooner, and an overflow is reported. */
  setsockopt(socket->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof(kReceiveBufferBytes));
  /* Best effort too: without it a pod's own changes are seen at the next full read. */
  const int on = 1;
  setsockopt(socket->fd(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on));
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
  if (overflowed_) taken.push_back({"overflow", false, 0, -1});
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
    object.Set("nsid", Napi::Number::New(env, change.nsid));
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
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int32_t))> control;
  iovec vector = {buffer.data(), buffer.size()};
  msghdr parcel = {};
  parcel.msg_iov = &vector;
  parcel.msg_iovlen = 1;
  parcel.msg_control = control.data();
  parcel.msg_controllen = control.size();
  ssize_t received = recvmsg(socket_->fd(), &parcel, MSG_DONTWAIT);
  if (received < 0) {
    if (errno == EAGAIN) return false;
    if (errno == ENOBUFS) queue_->push_overflow();
    return errno == EINTR || errno == ENOBUFS;
  }
  const int32_t nsid = sender_nsid(parcel);
  int left = static_cast<int>(received);
  for (auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(header, left);
       header = mnl_nlmsg_next(header, &left)) {
    if (auto change = read_change(header, nsid)) queue_->push(*change);
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
