#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attachment.h"
#include "bpf_object.h"
#include "collector_object.h"
#include "control.h"
#include "drops.h"
#include "flow_maps.h"
#include "interface_follower.h"
#include "lease.h"
#include "point_map.h"
#include "resource.h"
#include "traffic_control.h"

namespace vethscope {

/** The loaded collector: one pair of programs per watched namespace over one set of maps. */
class CollectorResource : public Resource, public std::enable_shared_from_this<CollectorResource> {
 public:
  CollectorResource(std::shared_ptr<ResourceRegistry> registry, const CollectorOptions& options);
  ~CollectorResource() override { close(); }

  std::shared_ptr<AttachmentResource> attach(std::shared_ptr<ResourceRegistry> registry,
                                             const NamespaceResource& netns, uint32_t ifindex,
                                             Direction direction);
  /** @param callback is called without arguments when there is something to take */
  std::shared_ptr<InterfaceFollower> follow(std::shared_ptr<ResourceRegistry> registry,
                                            const NamespaceResource& netns, FollowedNames names,
                                            Napi::Env env, Napi::Function callback);
  ProgramStatistics statistics() const;
  std::vector<std::pair<std::string, uint32_t>> verified_instructions() const;
  /** As chosen: no `automatic` is left. */
  const CollectorOptions& options() const { return options_; }
  uint32_t capacity() const { return capacity_of(options_); }
  const PointMap& points() const { return *points_; }
  Control& control() { return *control_; }
  /** Shared with a drain under way, which may end after the collector closed. */
  const std::shared_ptr<FlowMaps>& flows() const { return flows_; }
  /** Loaded when first asked for. */
  Drops& drops();
  /** The index that flow keys have for a namespace, 0 where nothing was attached there. */
  uint32_t netns_index(uint64_t inode) const;
  /** A handle that this collector closes when it closes. */
  void adopt(const std::shared_ptr<Resource>& dependent);

  bool draining = false;
  std::weak_ptr<Resource> event_reader;

 protected:
  void release() override;

 private:
  struct WatchedNamespace {
    uint32_t index;
    std::shared_ptr<BpfObject> object;
    std::shared_ptr<NetlinkSocket> filters; /* where programs are attached by clsact */
  };

  WatchedNamespace& watch(uint64_t inode);
  std::unique_ptr<Hook> hook(const NamespaceResource& netns, WatchedNamespace& watched, int program_fd,
                             FilterPlace place) const;

  CollectorOptions options_;
  std::vector<char> image_;
  std::shared_ptr<BpfObject> maps_; /* the object loaded first: its maps are everyone's */
  std::shared_ptr<FlowMaps> flows_;
  std::shared_ptr<PointMap> points_;
  std::shared_ptr<Control> control_;
  std::unique_ptr<Lease> lease_;
  std::unique_ptr<Drops> drops_;
  std::map<uint64_t, WatchedNamespace> namespaces_; /* by inode */
  std::vector<std::weak_ptr<Resource>> dependents_;
};

}  // namespace vethscope
