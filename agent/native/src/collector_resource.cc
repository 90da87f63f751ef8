#include "collector_resource.h"

#include <linux/if_arp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "failure.h"
#include "netlink_tables.h"

namespace vethscope {

namespace {

constexpr uint32_t kFirstNetnsIndex = 1;
constexpr uint32_t kEthernetHeader = 14;
constexpr const char* kSharedMaps[] = {
    ".data.control", "flows",   "flows_a", "flows_b",          "points", "budgets",       "far_interfaces",
    "fragments",     "tunnels", "streams", "filter_addresses", "events", "event_buffers", "scratch_memory"};
/** Devices above others, which see again what these have seen. */
constexpr const char* kUpperKinds[] = {"bridge", "vlan", "macvlan", "macvtap",
                                       "ipvlan", "bond", "team",    "vrf"};
constexpr uint16_t kVxlanPorts[] = {4789, 8472}; /* IANA's, and Linux's own */
constexpr uint16_t kGenevePort = 6081;
constexpr uint32_t kRarePerSecond = 500;

void set_netns_index(const BpfObject& object, uint32_t index) {
  size_t size = 0;
  bpf_map* constants = object.map(".rodata.netns");
  const void* value = bpf_map__initial_value(constants, &size);
  if (!value || size != sizeof(index)) throw Failure(EINVAL, "bpf_map__initial_value").about("netns_index");
  bpf_map__set_initial_value(constants, &index, sizeof(index));
}

void require(int error, const char* call, const char* map) {
  if (error != 0) throw Failure(-error, call).about(std::string("map ") + map);
}

void size_maps(const BpfObject& object, const CollectorOptions& options) {
  /* The outer map's template keeps its own size: the kernel does not compare it for hashes. */
  for (const char* half : {"flows_a", "flows_b"}) {
    require(bpf_map__set_max_entries(object.map(half), options.max_flows), "bpf_map__set_max_entries", half);
  }
  require(bpf_map__set_max_entries(object.map("events"), options.ring_bytes), "bpf_map__set_max_entries",
          "events");
  require(bpf_map__set_max_entries(object.map("event_buffers"),
                                   static_cast<uint32_t>(libbpf_num_possible_cpus())),
          "bpf_map__set_max_entries", "event_buffers");
}

/** Where packets enter what is watched: not at a device above others, and not a second time at a loopback. */
uint8_t entrance_of(const Link& link) {
  for (const char* kind : kUpperKinds) {
    if (link.kind == kind) return 0;
  }
  return link.type == ARPHRD_LOOPBACK ? INTERFACE_SENDS : INTERFACE_RECEIVES | INTERFACE_SENDS;
}

/** The link header is Ethernet's or none: tunnels, tun, WireGuard. */
interface_settings settings_of(const NamespaceResource& netns, uint32_t ifindex) {
  std::vector<Link> links;
  netns.run([&] {
    NetlinkSocket socket;
    links = list_links(socket);
  });
  for (const Link& link : links) {
    if (static_cast<uint32_t>(link.ifindex) != ifindex) continue;
    bool ethernet = link.type == ARPHRD_ETHER || link.type == ARPHRD_LOOPBACK;
    return {static_cast<uint8_t>(ethernet ? kEthernetHeader : 0), entrance_of(link)};
  }
  Failure failure(ENODEV, "bpf_link_create", "The interface is gone; list the links again");
  throw failure.at_interface(ifindex, "").in_namespace(netns.path());
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
    : Resource(std::move(registry)), options_(options), image_(read_object_file(options.object_path)) {
  maps_ = load(kFirstNetnsIndex);
  flows_ = std::make_shared<FlowMaps>(maps_);
  points_ = std::make_shared<PointMap>(maps_);
  control_ = std::make_unique<Control>(maps_);
  set_defaults(*control_);
}

std::shared_ptr<BpfObject> CollectorResource::load(uint32_t netns_index) {
  return std::make_shared<BpfObject>(image_, options_.object_path, [&](BpfObject& object) {
    size_maps(object, options_);
    set_netns_index(object, netns_index);
    if (!maps_) return;
    for (const char* name : kSharedMaps) {
      require(bpf_map__reuse_fd(object.map(name), maps_->map_fd(name)), "bpf_map__reuse_fd", name);
    }
  });
}

const CollectorResource::WatchedNamespace& CollectorResource::watch(uint64_t inode) {
  auto known = namespaces_.find(inode);
  if (known != namespaces_.end()) return known->second;
  uint32_t index = kFirstNetnsIndex + static_cast<uint32_t>(namespaces_.size());
  auto object = namespaces_.empty() ? maps_ : load(index);
  return namespaces_.emplace(inode, WatchedNamespace{index, object}).first->second;
}

std::shared_ptr<AttachmentResource> CollectorResource::attach(std::shared_ptr<ResourceRegistry> registry,
                                                              const NamespaceResource& netns,
                                                              uint32_t ifindex, Direction direction) {
  interface_settings settings = settings_of(netns, ifindex);
  const WatchedNamespace& watched = watch(netns.inode());
  bool egress = direction == Direction::egress;
  if (points_->attached(watched.index, ifindex, egress)) {
    Failure failure(EEXIST, "attach",
                    "Attached twice, every packet would count twice; close the first attachment");
    throw failure.at_interface(ifindex, netns.interface_name(ifindex)).in_namespace(netns.path());
  }
  uint32_t index = points_->attach(*watched.object, watched.index, ifindex, egress, settings);
  auto detach = [points = points_, netns_index = watched.index, ifindex, egress] {
    points->detach(netns_index, ifindex, egress);
  };
  std::shared_ptr<AttachmentResource> attachment;
  try {
    attachment = std::make_shared<AttachmentResource>(
        std::move(registry), shared_from_this(), netns,
        watched.object->program_fd(egress ? "egress" : "ingress"),
        AttachmentResource::Place{watched.index, ifindex, direction, index}, detach);
  } catch (...) {
    detach();
    throw;
  }
  adopt(attachment);
  return attachment;
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
  control_.reset();
  points_.reset();
  flows_.reset();
  maps_.reset();
}

}  // namespace vethscope
