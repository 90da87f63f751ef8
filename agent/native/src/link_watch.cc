#include "link_watch.h"

#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#include <array>
#include <optional>

#include "netlink_attributes.h"

namespace vethscope {

namespace {

constexpr size_t kQueueLimit = 65536;

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

const std::vector<int> kGroups = {RTNLGRP_LINK,         RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                  RTNLGRP_IPV4_ROUTE,   RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEIGH,
                                  RTNLGRP_IPV4_RULE,    RTNLGRP_IPV6_RULE,   RTNLGRP_IPV4_NETCONF,
                                  RTNLGRP_IPV6_NETCONF, RTNLGRP_NSID};

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
      events_(std::make_unique<NetlinkEvents>(netns, kGroups, NetlinkEvents::Scope::with_ids)),
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
  std::array<pollfd, 2> waits = {pollfd{events_->fd(), POLLIN, 0}, pollfd{stop_.fd(), POLLIN, 0}};
  for (;;) {
    if (poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) return;
    while (receive()) {
    }
    callback_.request();
  }
}

bool LinkWatch::receive() {
  auto received = events_->receive([this](const nlmsghdr* message, int32_t nsid) {
    if (auto change = read_change(message, nsid)) queue_->push(*change);
  });
  if (received == NetlinkEvents::Received::overrun) queue_->push_overflow();
  return received != NetlinkEvents::Received::nothing;
}

void LinkWatch::release() {
  stop_.raise();
  thread_.join();
  stop_.close();
  callback_.release();
  events_.reset();
}

}  // namespace vethscope
