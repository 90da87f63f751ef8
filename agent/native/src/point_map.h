#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bpf_object.h"
#include "flow_layout.h"
#include "mapped_data.h"

namespace vethscope {

/** Counters of one interface and direction of a watched namespace, summed over CPUs; index and ifindex are 0
 * for the sum of those whose index others took. */
struct PointTotals {
  uint32_t index;
  uint32_t netns;
  uint32_t ifindex;
  bool egress;
  point_counters counters;
};

/** What tells a device from another one that has its ifindex later. */
struct DeviceIdentity {
  std::string name;
  std::string kind;
  uint16_t type = 0; /* ARPHRD_ */
  std::string mac;
  bool operator==(const DeviceIdentity& other) const {
    return std::tie(name, kind, type, mac) == std::tie(other.name, other.kind, other.type, other.mac);
  }
};

/** The observation points' counters, and the index by which the programs of a namespace find them
 * (bpf/maps.h). For several threads. */
class PointMap {
 public:
  /** @param max_interfaces that have an index at once; below MAX_INTERFACES */
  PointMap(std::shared_ptr<BpfObject> object, uint32_t max_interfaces);

  /**
   * Before a point is attached: gives its interface an index and tells the programs. Figures go on when it is
   * the same device as before; another one with its ifindex begins anew. When the map is full, the interface
   * that was left longest ago gives up its index, and its figures join those of the others that are gone.
   * Throws E2BIG, and EEXIST where the point is attached.
   * @param programs the object of the interface's namespace
   * @return the interface's index
   */
  uint32_t attach(const BpfObject& programs, uint32_t netns, uint32_t ifindex, bool egress,
                  const DeviceIdentity& device, interface_settings settings);
  /** @param index what attach gave */
  void detach(uint32_t index, bool egress);
  std::vector<PointTotals> read() const;

 private:
  using Place = std::pair<uint32_t, uint32_t>; /* netns, ifindex */
  struct Interface {
    Place place;
    DeviceIdentity device;
    bool known[2];
    bool attached[2];
    uint64_t left; /* order in which interfaces were left */
    bool in_use() const { return attached[0] || attached[1]; }
  };

  uint32_t index_of(Place place, const DeviceIdentity& device);
  uint32_t free_index();
  void retire(uint32_t index, const Interface& interface);
  void publish(const BpfObject& programs, Place place, uint32_t index, interface_settings settings);
  std::vector<point_counters> per_cpu(uint32_t index, bool egress) const;
  point_counters totals(uint32_t index, bool egress) const;
  void write(uint32_t index, bool egress, const std::vector<point_counters>& counters);

  std::shared_ptr<BpfObject> object_;
  uint32_t max_interfaces_;
  mutable std::mutex mutex_;
  std::map<uint32_t, Interface> interfaces_;                 /* by index */
  std::map<Place, uint32_t> present_;                        /* index of the device seen last at a place */
  std::map<std::pair<uint32_t, bool>, point_counters> gone_; /* by netns and egress */
  std::map<uint32_t, std::unique_ptr<MappedData>> near_;     /* by netns: the table that its programs have */
  uint32_t next_index_ = 1;
  uint64_t left_ = 0;
};

}  // namespace vethscope
