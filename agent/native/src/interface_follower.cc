#include "interface_follower.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

#include "collector_object.h"
#include "make_hook.h"
#include "observed_device.h"

namespace vethscope {

namespace {

constexpr Direction kDirections[] = {Direction::ingress, Direction::egress};

double wall_time() {
  timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

Descriptor duplicate(int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw Failure(errno, "fcntl(F_DUPFD_CLOEXEC)");
  return Descriptor(copy);
}

}  // namespace

InterfaceFollower::InterfaceFollower(std::shared_ptr<ResourceRegistry> registry,
                                     std::shared_ptr<Resource> owner, const NamespaceResource& netns,
                                     FollowedNamespace followed, FollowedNames names, Napi::Env env,
                                     Napi::Function callback)
    : Resource(std::move(registry)),
      owner_(std::move(owner)),
      path_(netns.path()),
      followed_(std::move(followed)),
      names_(std::move(names)),
      /* Before the first listing, so that an interface made between the two is not missed. */
      events_(
          std::make_unique<NetlinkEvents>(netns, std::vector<int>{RTNLGRP_LINK}, NetlinkEvents::Scope::own)),
      callback_(env, callback, "vethscope interface follower", changes_) {
  try {
    netns.run([this] { socket_ = std::make_unique<NetlinkSocket>(); });
    for (Direction direction : kDirections) {
      program_ids_.push_back(program_id(followed_.programs->program_fd(program_name(direction))));
      directions_[static_cast<int>(direction)] =
          std::make_unique<HookThread>(duplicate(netns.fd()), direction, work(direction));
    }
    listener_ = std::thread([this] { listen(); });
  } catch (...) {
    callback_.release();
    throw;
  }
  callback_.keep_alive(env, true);
}

HookThread::Work InterfaceFollower::work(Direction direction) {
  int program_fd = followed_.programs->program_fd(program_name(direction));
  /* Made in the namespace, by the thread that uses it. */
  auto filters = std::make_shared<std::shared_ptr<NetlinkSocket>>();
  return {
      [this, direction, program_fd, filters](uint32_t ifindex) {
        if (followed_.way == AttachWay::clsact && !*filters) *filters = std::make_shared<NetlinkSocket>();
        return make_hook(followed_.way, *filters, program_fd, {ifindex, direction});
      },
      [this](const Interface& interface) { attached(interface); },
      [this](const Interface& interface) { released(interface); },
  };
}

void InterfaceFollower::deliver(Napi::Env, Napi::Function callback, FollowedChanges&) { callback.Call({}); }

std::vector<FollowedChange> InterfaceFollower::take(Napi::Env env) {
  std::vector<FollowedChange> taken = changes_->take();
  if (closed()) return taken;
  for (const FollowedChange& change : taken) {
    std::string_view kind = change.kind;
    if (kind == "detached" || (kind == "ready" && !detach_asked_)) callback_.keep_alive(env, false);
  }
  return taken;
}

void InterfaceFollower::detach(Napi::Env env) {
  if (detach_asked_ || closed()) return;
  detach_asked_ = true;
  callback_.keep_alive(env, true);
  std::lock_guard<std::mutex> lock(mutex_);
  detaching_ = true;
  while (!present_.empty()) let_go(present_.begin()->second);
  if (held_.empty()) tell({"detached"});
}

void InterfaceFollower::listen() {
  scan();
  std::array<pollfd, 2> waits = {pollfd{events_->fd(), POLLIN, 0}, pollfd{stop_.fd(), POLLIN, 0}};
  for (;;) {
    if (poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) return;
    auto received = events_->receive([this](const nlmsghdr* message, int32_t) { notice(message); });
    if (received == NetlinkEvents::Received::overrun) scan();
  }
}

/** Makes up for what was not heard: at first, and after the kernel dropped events. */
void InterfaceFollower::scan() {
  std::vector<Link> links;
  std::optional<Failure> failure;
  try {
    links = list_links(*socket_);
  } catch (const Failure& caught) {
    failure = caught;
    failure->in_namespace(path_);
  }
  std::lock_guard<std::mutex> lock(mutex_);
  bool initial = !scanned_;
  scanned_ = true;
  if (failure) {
    FollowedChange change = {"failed"};
    change.failure = std::move(failure);
    tell(std::move(change));
  } else {
    std::set<uint32_t> there;
    for (const Link& link : links) there.insert(static_cast<uint32_t>(link.ifindex));
    std::vector<Interface> missing;
    for (const auto& [ifindex, interface] : present_) {
      /* Another device may have its ifindex. What is being attached is of no other thread's business. */
      bool is_settled = interface->attaching == 0;
      auto lacks_device = [](const auto& hook) { return hook && !hook->has_device(); };
      if (there.count(ifindex) == 0 || (is_settled && lacks_device(interface->hooks[0]))) {
        missing.push_back(interface);
      }
    }
    for (const Interface& interface : missing) let_go(interface);
    for (const Link& link : links) consider(link, initial);
  }
  tell_if_ready();
}

void InterfaceFollower::notice(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) return;
  auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  /* A bridge's word on a port of its own is none on the device. */
  if (info->ifi_family == AF_BRIDGE) return;
  std::lock_guard<std::mutex> lock(mutex_);
  if (message->nlmsg_type == RTM_DELLINK) {
    let_go(static_cast<uint32_t>(info->ifi_index));
  } else {
    consider(read_link(message), false);
  }
}

void InterfaceFollower::consider(const Link& link, bool initial) {
  if (detaching_) return;
  learn_tunnel(link);
  auto ifindex = static_cast<uint32_t>(link.ifindex);
  bool wanted = names_.empty() || names_.count(link.name) > 0;
  if (!wanted || present_.count(ifindex) > 0) return;

  auto interface = std::make_shared<FollowedInterface>();
  interface->ifindex = ifindex;
  interface->name = link.name;
  interface->initial = initial;
  bool has_ingress = false;
  try {
    for (Direction direction : kDirections) {
      interface->index =
          followed_.points->attach(*followed_.programs, followed_.index, ifindex,
                                   direction == Direction::egress, identity_of(link), settings_of(link));
      has_ingress = true;
    }
  } catch (const Failure& failure) {
    if (has_ingress) followed_.points->detach(interface->index, false);
    refuse(interface, failure);
    return;
  }
  present_[ifindex] = interface;
  held_.insert(interface);
  if (initial) ++initial_;
  FollowedChange found = {"found", ifindex, interface->index, interface->name, link.type};
  tell(std::move(found));
  for (auto& thread : directions_) thread->attach(interface);
}

/** Their packets pass other interfaces, so whether this one is wanted is all one. */
void InterfaceFollower::learn_tunnel(const Link& link) {
  bool is_vxlan = link.kind == "vxlan";
  if (link.tunnel_port == 0 || (!is_vxlan && link.kind != "geneve")) return;
  followed_.control->set_tunnel_port(link.tunnel_port, is_vxlan ? TUNNEL_VXLAN : TUNNEL_GENEVE);
  if (!tunnel_ports_.insert(link.tunnel_port).second) return;
  FollowedChange change = {"tunnel"};
  change.tunnel_port = link.tunnel_port;
  change.tunnel = link.kind;
  tell(std::move(change));
}

void InterfaceFollower::let_go(uint32_t ifindex) {
  auto present = present_.find(ifindex);
  if (present != present_.end()) let_go(Interface(present->second));
}

/** The point is free at once, for the next device of this ifindex; the rest takes the kernel's time. */
void InterfaceFollower::let_go(const Interface& held) {
  Interface interface = held; /* which may be the table's */
  interface->gone = true;
  present_.erase(interface->ifindex);
  for (bool egress : {false, true}) followed_.points->detach(interface->index, egress);
  tell({"released", interface->ifindex, interface->index});
  for (auto& thread : directions_) thread->release(interface);
}

void InterfaceFollower::attached(const Interface& interface) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (--interface->attaching > 0) return;
  if (!interface->gone) {
    const auto& failure = interface->failures[0] ? interface->failures[0] : interface->failures[1];
    if (failure) {
      refuse(interface, *failure);
      let_go(interface);
    } else {
      FollowedChange change = {"attached", interface->ifindex, interface->index};
      change.time = wall_time();
      tell(std::move(change));
    }
  }
  if (interface->initial) --initial_;
  tell_if_ready();
}

void InterfaceFollower::released(const Interface& interface) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (--interface->holding > 0) return;
  for (const auto& failure : interface->failures) {
    if (!failure) continue;
    FollowedChange change = {"stays", interface->ifindex, interface->index, interface->name};
    change.failure = failure;
    tell(std::move(change));
  }
  held_.erase(interface);
  if (detaching_ && held_.empty()) tell({"detached"});
}

void InterfaceFollower::refuse(const Interface& interface, Failure failure) {
  FollowedChange change = {"refused", interface->ifindex, interface->index, interface->name};
  change.failure = failure.at_interface(interface->ifindex, interface->name).in_namespace(path_);
  tell(std::move(change));
}

void InterfaceFollower::tell(FollowedChange change) {
  changes_->push(std::move(change));
  callback_.request();
}

void InterfaceFollower::tell_if_ready() {
  if (ready_ || !scanned_ || initial_ > 0) return;
  ready_ = true;
  tell({"ready"});
}

/** Waits for the calls under way, 3 at most, then for what is attached, one after the other. */
void InterfaceFollower::release() {
  stop_.raise();
  if (listener_.joinable()) listener_.join();
  for (auto& thread : directions_) thread.reset();
  for (const Interface& interface : std::exchange(held_, {})) {
    if (!interface->gone) {
      for (bool egress : {false, true}) followed_.points->detach(interface->index, egress);
    }
    for (auto& hook : interface->hooks) {
      try {
        if (hook) hook->detach();
      } catch (const Failure& failure) {
        FollowedChange change = {"stays", interface->ifindex, interface->index, interface->name};
        change.failure = failure;
        changes_->push(std::move(change));
      }
      hook.reset();
    }
  }
  present_.clear();
  stop_.close();
  callback_.release();
  events_.reset();
  socket_.reset();
  followed_.programs.reset();
  followed_.points.reset();
  followed_.control.reset();
  owner_.reset();
}

}  // namespace vethscope
