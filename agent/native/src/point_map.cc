#include "point_map.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>

#include "failure.h"

namespace vethscope {

namespace {

/** Every counter is a uint64. */
void add(point_counters& total, const point_counters& cpu) {
  constexpr size_t kCounters = sizeof(point_counters) / sizeof(uint64_t);
  uint64_t sums[kCounters];
  uint64_t more[kCounters];
  std::memcpy(sums, &total, sizeof(total));
  std::memcpy(more, &cpu, sizeof(cpu));
  for (size_t i = 0; i < kCounters; ++i) sums[i] += more[i];
  std::memcpy(&total, sums, sizeof(total));
}

}  // namespace

PointMap::PointMap(std::shared_ptr<BpfObject> object) : object_(std::move(object)) {}

uint32_t PointMap::attach(const BpfObject& programs, uint32_t netns, uint32_t ifindex, bool egress,
                          interface_settings settings) {
  Interface& interface = interface_of({netns, ifindex});
  publish(programs, {netns, ifindex}, interface.index, settings);
  interface.known[egress] = true;
  interface.attached[egress] = true;
  return interface.index;
}

PointMap::Interface& PointMap::interface_of(Place place) {
  auto known = interfaces_.find(place);
  if (known != interfaces_.end()) return known->second;
  return interfaces_.emplace(place, Interface{free_index(), {false, false}, {false, false}, 0}).first->second;
}

bool PointMap::attached(uint32_t netns, uint32_t ifindex, bool egress) const {
  auto entry = interfaces_.find({netns, ifindex});
  return entry != interfaces_.end() && entry->second.attached[egress];
}

void PointMap::detach(uint32_t netns, uint32_t ifindex, bool egress) {
  auto entry = interfaces_.find({netns, ifindex});
  if (entry == interfaces_.end()) return;
  entry->second.attached[egress] = false;
  entry->second.left = ++left_;
}

/**
 * The next index never used, else that of the interface left longest ago, its counters zeroed: records that
 * carry it were drained by then.
 */
uint32_t PointMap::free_index() {
  if (next_index_ < MAX_INTERFACES) return next_index_++;
  auto oldest = interfaces_.end();
  for (auto entry = interfaces_.begin(); entry != interfaces_.end(); ++entry) {
    const Interface& interface = entry->second;
    if (interface.attached[0] || interface.attached[1]) continue;
    if (oldest == interfaces_.end() || interface.left < oldest->second.left) oldest = entry;
  }
  if (oldest == interfaces_.end()) {
    throw Failure(E2BIG, "attach", "As many interfaces are watched as the collector has counters for");
  }
  uint32_t index = oldest->second.index;
  interfaces_.erase(oldest);
  std::vector<point_counters> zero(static_cast<size_t>(libbpf_num_possible_cpus()), point_counters{});
  write(index, false, zero);
  write(index, true, zero);
  return index;
}

/** Tells the programs of the namespace. */
void PointMap::publish(const BpfObject& programs, Place place, uint32_t index, interface_settings settings) {
  /* struct interface of bpf/maps.h */
  struct Entry {
    uint16_t index;
    interface_settings settings;
  } entry = {static_cast<uint16_t>(index), settings};
  static_assert(sizeof(Entry) == 4);
  auto [netns, ifindex] = place;
  std::unique_ptr<MappedData>& table = near_[netns];
  if (!table) table = std::make_unique<MappedData>(programs.map(".bss"));
  if (ifindex < table->size() / sizeof(Entry)) {
    table->as<Entry>()[ifindex] = entry;
    return;
  }
  int error = bpf_map_update_elem(object_->map_fd("far_interfaces"), &place, &entry, BPF_ANY);
  if (error != 0) throw Failure(-error, "bpf_map_update_elem").about("map far_interfaces");
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
      PointTotals total = {interface.index, place.first, place.second, egress, {}};
      for (const point_counters& cpu : per_cpu(interface.index, egress)) {
        add(total.counters, cpu);
      }
      totals.push_back(total);
    }
  }
  return totals;
}

}  // namespace vethscope
