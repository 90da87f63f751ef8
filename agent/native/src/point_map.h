#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "bpf_object.h"
#include "flow_layout.h"
#include "mapped_data.h"

namespace vethscope {

/** Counters of one interface and direction of a watched namespace, summed over CPUs. */
struct PointTotals {
  uint32_t index;
  uint32_t netns;
  uint32_t ifindex;
  bool egress;
  point_counters counters;
};

/** The observation points' counters, and the index by which the programs of a namespace find them
 * (bpf/maps.h). */
class PointMap {
 public:
  explicit PointMap(std::shared_ptr<BpfObject> object);

  /**
   * Before a point is attached: gives its interface an index and tells the programs of the device that has
   * the ifindex now; figures go on. When the map is full, the interface that was left longest ago is
   * forgotten. Throws E2BIG.
   * @param programs the object of the interface's namespace
   * @return the interface's index
   */
  uint32_t attach(const BpfObject& programs, uint32_t netns, uint32_t ifindex, bool egress,
                  interface_settings settings);
  bool attached(uint32_t netns, uint32_t ifindex, bool egress) const;
  void detach(uint32_t netns, uint32_t ifindex, bool egress);
  std::vector<PointTotals> read() const;

 private:
  struct Interface {
    uint32_t index;
    bool known[2];
    bool attached[2];
    uint64_t left; /* order in which interfaces were left */
  };
  using Place = std::pair<uint32_t, uint32_t>; /* netns, ifindex */

  Interface& interface_of(Place place);
  uint32_t free_index();
  void publish(const BpfObject& programs, Place place, uint32_t index, interface_settings settings);
  std::vector<point_counters> per_cpu(uint32_t index, bool egress) const;
  void write(uint32_t index, bool egress, const std::vector<point_counters>& counters);

  std::shared_ptr<BpfObject> object_;
  std::map<Place, Interface> interfaces_;
  std::map<uint32_t, std::unique_ptr<MappedData>> near_; /* by netns: the table that its programs have */
  uint32_t next_index_ = 1;
  uint64_t left_ = 0;
};

}  // namespace vethscope
