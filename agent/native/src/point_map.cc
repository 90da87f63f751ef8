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

PointMap::PointMap(std::shared_ptr<BpfObject> object, uint32_t max_interfaces)
    : object_(std::move(object)), max_interfaces_(max_interfaces) {}

uint32_t PointMap::attach(const BpfObject& programs, uint32_t netns, uint32_t ifindex, bool egress,
                          const DeviceIdentity& device, interface_settings settings) {
  std::lock_guard<std::mutex> lock(mutex_);
  uint32_t index = index_of({netns, ifindex}, device);
  if (interfaces_.at(index).attached[egress]) {
    throw Failure(EEXIST, "attach",
                  "Attached twice, every packet would count twice; close the first attachment");
  }
  publish(programs, {netns, ifindex}, index, settings);
  Interface& interface = interfaces_.at(index);
  interface.known[egress] = true;
  interface.attached[egress] = true;
  return index;
}

/** While something is attached there the device is taken for the same, whatever it is called by now. */
uint32_t PointMap::index_of(Place place, const DeviceIdentity& device) {
  auto present = present_.find(place);
  if (present != present_.end()) {
    const Interface& known = interfaces_.at(present->second);
    if (known.in_use() || known.device == device) return present->second;
  }
  uint32_t index = free_index();
  interfaces_[index] = Interface{place, device, {false, false}, {false, false}, 0};
  present_[place] = index;
  return index;
}

void PointMap::detach(uint32_t index, bool egress) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto entry = interfaces_.find(index);
  if (entry == interfaces_.end()) return;
  entry->second.attached[egress] = false;
  entry->second.left = ++left_;
}

/**
 * The next index never used, else that of the interface left longest ago, its counters kept elsewhere and
 * zeroed: records that carry it were drained by then.
 */
uint32_t PointMap::free_index() {
  if (next_index_ <= max_interfaces_) return next_index_++;
  auto oldest = interfaces_.end();
  for (auto entry = interfaces_.begin(); entry != interfaces_.end(); ++entry) {
    const Interface& interface = entry->second;
    if (interface.in_use()) continue;
    if (oldest == interfaces_.end() || interface.left < oldest->second.left) oldest = entry;
  }
  if (oldest == interfaces_.end()) {
    throw Failure(E2BIG, "attach", "As many interfaces are watched as the collector has counters for");
  }
  uint32_t index = oldest->first;
  retire(index, oldest->second);
  auto present = present_.find(oldest->second.place);
  if (present != present_.end() && present->second == index) present_.erase(present);
  interfaces_.erase(oldest);
  return index;
}

void PointMap::retire(uint32_t index, const Interface& interface) {
  std::vector<point_counters> zero(static_cast<size_t>(libbpf_num_possible_cpus()), point_counters{});
  for (bool egress : {false, true}) {
    if (!interface.known[egress]) continue;
    point_counters last = totals(index, egress);
    write(index, egress, zero);
    add(gone_[{interface.place.first, egress}], last);
  }
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

point_counters PointMap::totals(uint32_t index, bool egress) const {
  point_counters total = {};
  for (const point_counters& cpu : per_cpu(index, egress)) add(total, cpu);
  return total;
}

std::vector<PointTotals> PointMap::read() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PointTotals> read;
  for (const auto& [index, interface] : interfaces_) {
    auto [netns, ifindex] = interface.place;
    for (bool egress : {false, true}) {
      if (interface.known[egress]) read.push_back({index, netns, ifindex, egress, totals(index, egress)});
    }
  }
  for (const auto& [point, counters] : gone_) read.push_back({0, point.first, 0, point.second, counters});
  return read;
}

}  // namespace vethscope
