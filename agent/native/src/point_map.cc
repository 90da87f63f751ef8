#include "point_map.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "failure.h"

namespace vethscope {

PointMap::PointMap(std::shared_ptr<BpfObject> object) : object_(std::move(object)) {}

void PointMap::attach(const BpfObject& programs, uint32_t netns, uint32_t ifindex, bool egress,
                      uint32_t link_header) {
  Interface& interface = interface_of(programs, {netns, ifindex});
  std::vector<point_counters> counters = per_cpu(interface.index, egress);
  if (counters.front().link_header != link_header) {
    for (point_counters& cpu : counters) cpu.link_header = link_header;
    write(interface.index, egress, counters);
  }
  interface.known[egress] = true;
  interface.attached[egress] = true;
}

/** The interface's entry, with an index that the programs know. */
PointMap::Interface& PointMap::interface_of(const BpfObject& programs, Place place) {
  auto known = interfaces_.find(place);
  if (known != interfaces_.end()) return known->second;
  uint32_t index = free_index();
  publish(programs, place, index);
  return interfaces_.emplace(place, Interface{index, {false, false}, {false, false}}).first->second;
}

bool PointMap::attached(uint32_t netns, uint32_t ifindex, bool egress) const {
  auto entry = interfaces_.find({netns, ifindex});
  return entry != interfaces_.end() && entry->second.attached[egress];
}

void PointMap::detach(uint32_t netns, uint32_t ifindex, bool egress) {
  auto entry = interfaces_.find({netns, ifindex});
  if (entry != interfaces_.end()) entry->second.attached[egress] = false;
}

/** The next index never used, else one whose interface nothing is attached to, its counters zeroed. */
uint32_t PointMap::free_index() {
  if (next_index_ < bpf_map__max_entries(object_->map("points")) / 2) return next_index_++;
  auto idle = std::find_if(interfaces_.begin(), interfaces_.end(), [](const auto& entry) {
    const Interface& interface = entry.second;
    return !interface.attached[0] && !interface.attached[1];
  });
  if (idle == interfaces_.end()) {
    throw Failure(E2BIG, "attach", "As many interfaces are watched as the collector has counters for");
  }
  uint32_t index = idle->second.index;
  interfaces_.erase(idle);
  std::vector<point_counters> zero(static_cast<size_t>(libbpf_num_possible_cpus()), point_counters{});
  write(index, false, zero);
  write(index, true, zero);
  return index;
}

/** Tells the programs of the namespace. */
void PointMap::publish(const BpfObject& programs, Place place, uint32_t index) {
  auto [netns, ifindex] = place;
  size_t size = bpf_map__value_size(programs.map(".bss")) / sizeof(uint16_t);
  int error = 0;
  if (ifindex < size) {
    std::vector<uint16_t>& table = near_.try_emplace(netns, size, uint16_t{0}).first->second;
    table[ifindex] = static_cast<uint16_t>(index);
    uint32_t zero = 0;
    error = bpf_map_update_elem(programs.map_fd(".bss"), &zero, table.data(), BPF_ANY);
  } else {
    error = bpf_map_update_elem(object_->map_fd("far_interfaces"), &place, &index, BPF_ANY);
  }
  if (error != 0) throw Failure(-error, "bpf_map_update_elem").about("map of interfaces");
}

std::vector<point_counters> PointMap::per_cpu(uint32_t index, bool egress) const {
  std::vector<point_counters> counters(static_cast<size_t>(libbpf_num_possible_cpus()));
  uint32_t key = index << 1 | (egress ? 1 : 0);
  int error = bpf_map_lookup_elem(object_->map_fd("points"), &key, counters.data());
  if (error != 0) throw Failure(-error, "bpf_map_lookup_elem").about("map points");
  return counters;
}

void PointMap::write(uint32_t index, bool egress, const std::vector<point_counters>& counters) {
  uint32_t key = index << 1 | (egress ? 1 : 0);
  int error = bpf_map_update_elem(object_->map_fd("points"), &key, counters.data(), BPF_ANY);
  if (error != 0) throw Failure(-error, "bpf_map_update_elem").about("map points");
}

std::vector<PointTotals> PointMap::read() const {
  std::vector<PointTotals> totals;
  for (const auto& [place, interface] : interfaces_) {
    for (bool egress : {false, true}) {
      if (!interface.known[egress]) continue;
      PointTotals total = {place.first, place.second, egress, {}};
      for (const point_counters& cpu : per_cpu(interface.index, egress)) {
        total.counters.buffers += cpu.buffers;
        total.counters.packets += cpu.packets;
        total.counters.bytes += cpu.bytes;
        total.counters.counted += cpu.counted;
        total.counters.map_full += cpu.map_full;
        total.counters.points_overflow += cpu.points_overflow;
        total.counters.events_lost += cpu.events_lost;
        for (int cause = 0; cause < UNPARSED_CAUSES; ++cause) {
          total.counters.unparsed[cause] += cpu.unparsed[cause];
        }
      }
      totals.push_back(total);
    }
  }
  return totals;
}

}  // namespace vethscope
