#include "collector_resource.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "failure.h"
#include "make_hook.h"
#include "netlink_tables.h"
#include "observed_device.h"

namespace vethscope {

namespace {

constexpr uint32_t kFirstNetnsIndex = 1;
constexpr uint16_t kVxlanPorts[] = {4789, 8472}; /* IANA's, and Linux's own */
constexpr uint16_t kGenevePort = 6081;
constexpr uint32_t kRarePerSecond = 500;

Link link_of(const NamespaceResource& netns, uint32_t ifindex) {
  std::vector<Link> links;
  netns.run([&] {
    NetlinkSocket socket;
    links = list_links(socket);
  });
  for (const Link& link : links) {
    if (static_cast<uint32_t>(link.ifindex) == ifindex) return link;
  }
  Failure failure(ENODEV, "bpf_link_create", "The interface is gone; list the links again");
  throw failure.at_interface(ifindex, "").in_namespace(netns.path());
}

/** Index 0 is nobody's. */
uint32_t max_interfaces(const CollectorOptions& options) {
  constexpr uint32_t kMost = MAX_INTERFACES - 1;
  return options.max_interfaces == 0 ? kMost : std::min(options.max_interfaces, kMost);
}

void set_defaults(Control& control) {
  for (uint16_t port : kVxlanPorts) control.set_tunnel_port(port, TUNNEL_VXLAN);
  control.set_tunnel_port(kGenevePort, TUNNEL_GENEVE);
  /* What carries payload is sent to whoever asks only. */
  for (event_kind kind : {EVENT_ICMP_ERROR, EVENT_DROP}) control.set_limit(kind, kRarePerSecond);
}

}  // namespace

CollectorResource::CollectorResource(std::shared_ptr<ResourceRegistry> registry,
                                     const CollectorOptions& options)
    : Resource(std::move(registry)),
      options_(choose_by_kernel(options)),
      image_(read_object_file(options.object_path)) {
  maps_ = load_collector(image_, options_, kFirstNetnsIndex, nullptr);
  flows_ = std::make_shared<FlowMaps>(maps_);
  points_ = std::make_shared<PointMap>(maps_, max_interfaces(options_));
  control_ = std::make_shared<Control>(maps_);
  set_defaults(*control_);
  if (options_.attach == AttachWay::clsact) lease_ = std::make_unique<Lease>(maps_);
}

CollectorResource::WatchedNamespace& CollectorResource::watch(uint64_t inode) {
  auto known = namespaces_.find(inode);
  if (known != namespaces_.end()) return known->second;
  uint32_t index = kFirstNetnsIndex + static_cast<uint32_t>(namespaces_.size());
  auto object = namespaces_.empty() ? maps_ : load_collector(image_, options_, index, maps_.get());
  return namespaces_.emplace(inode, WatchedNamespace{index, object, nullptr}).first->second;
}

std::shared_ptr<AttachmentResource> CollectorResource::attach(std::shared_ptr<ResourceRegistry> registry,
                                                              const NamespaceResource& netns,
                                                              uint32_t ifindex, Direction direction) {
  Link link = link_of(netns, ifindex);
  WatchedNamespace& watched = watch(netns.inode());
  bool egress = direction == Direction::egress;
  try {
    uint32_t index = points_->attach(*watched.object, watched.index, ifindex, egress, identity_of(link),
                                     settings_of(link));
    auto detach = [points = points_, index, egress] { points->detach(index, egress); };
    try {
      int program_fd = watched.object->program_fd(program_name(direction));
      auto attachment = std::make_shared<AttachmentResource>(
          std::move(registry), shared_from_this(), hook(netns, watched, program_fd, {ifindex, direction}),
          program_id(program_fd), AttachmentResource::Place{watched.index, ifindex, direction, index},
          detach);
      adopt(attachment);
      return attachment;
    } catch (...) {
      detach();
      throw;
    }
  } catch (Failure& failure) {
    throw failure.at_interface(ifindex, link.name).in_namespace(netns.path());
  }
}

std::shared_ptr<InterfaceFollower> CollectorResource::follow(std::shared_ptr<ResourceRegistry> registry,
                                                             const NamespaceResource& netns,
                                                             FollowedNames names, Napi::Env env,
                                                             Napi::Function callback) {
  WatchedNamespace& watched = watch(netns.inode());
  FollowedNamespace followed = {watched.index, watched.object, points_, control_, options_.attach};
  auto follower = std::make_shared<InterfaceFollower>(std::move(registry), shared_from_this(), netns,
                                                      std::move(followed), std::move(names), env, callback);
  adopt(follower);
  return follower;
}

std::unique_ptr<Hook> CollectorResource::hook(const NamespaceResource& netns, WatchedNamespace& watched,
                                              int program_fd, FilterPlace place) const {
  std::unique_ptr<Hook> hook;
  netns.run([&] {
    if (options_.attach == AttachWay::clsact && !watched.filters) {
      watched.filters = std::make_shared<NetlinkSocket>();
    }
    hook = make_hook(options_.attach, watched.filters, program_fd, place);
  });
  return hook;
}

void CollectorResource::adopt(const std::shared_ptr<Resource>& dependent) {
  dependents_.erase(std::remove_if(dependents_.begin(), dependents_.end(),
                                   [](const std::weak_ptr<Resource>& known) {
                                     auto alive = known.lock();
                                     return !alive || alive->closed();
                                   }),
                    dependents_.end());
  dependents_.push_back(dependent);
}

Drops& CollectorResource::drops() {
  if (!drops_) drops_ = std::make_unique<Drops>(drops_path(options_.object_path), *maps_);
  return *drops_;
}

uint32_t CollectorResource::netns_index(uint64_t inode) const {
  auto known = namespaces_.find(inode);
  return known == namespaces_.end() ? 0 : known->second.index;
}

ProgramStatistics CollectorResource::statistics() const {
  ProgramStatistics total = namespaces_.empty() ? maps_->statistics() : ProgramStatistics{};
  for (const auto& [inode, watched] : namespaces_) {
    ProgramStatistics one = watched.object->statistics();
    total.run_time_ns += one.run_time_ns;
    total.run_count += one.run_count;
  }
  return total;
}

std::vector<std::pair<std::string, uint32_t>> CollectorResource::verified_instructions() const {
  return maps_->verified_instructions();
}

void CollectorResource::release() {
  auto dependents = std::move(dependents_);
  for (const auto& dependent : dependents) {
    if (auto alive = dependent.lock()) alive->close();
  }
  namespaces_.clear();
  drops_.reset();
  control_.reset();
  lease_.reset();
  points_.reset();
  flows_.reset();
  maps_.reset();
}

}  // namespace vethscope
