#include "flow_maps.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "failure.h"

namespace vethscope {

namespace {

constexpr size_t kBatchEntries = 4096;

uint64_t nanoseconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
}

void set_live(int flows_fd, int half_fd) {
  uint32_t slot = 0;
  int error = bpf_map_update_elem(flows_fd, &slot, &half_fd, BPF_ANY);
  if (error != 0) throw Failure(-error, "bpf_map_update_elem").about("map flows");
}

}  // namespace

FlowMaps::FlowMaps(std::shared_ptr<BpfObject> object)
    : object_(std::move(object)), halves_({object_->map_fd("flows_a"), object_->map_fd("flows_b")}) {
  set_live(object_->map_fd("flows"), halves_[0]);
}

Drained FlowMaps::drain() {
  int retired = live_;
  set_live(object_->map_fd("flows"), halves_[static_cast<size_t>(1 - retired)]);
  live_ = 1 - retired;

  Drained drained;
  drained.monotonic = nanoseconds(CLOCK_MONOTONIC);
  drained.realtime = nanoseconds(CLOCK_REALTIME);
  read_retired(halves_[static_cast<size_t>(retired)]);
  drained.records.swap(records_);
  return drained;
}

void FlowMaps::read_retired(int half) {
  if (keys_.empty()) {
    keys_.resize(kBatchEntries);
    values_.resize(kBatchEntries);
  }
  bool more = read_batch(half, true);
  while (more) more = read_batch(half, false);
}

/** Reads and deletes a batch; false when it was the last. */
bool FlowMaps::read_batch(int half, bool first) {
  uint32_t count = static_cast<uint32_t>(keys_.size());
  uint32_t next = position_;
  int error = bpf_map_lookup_and_delete_batch(half, first ? nullptr : &position_, &next, keys_.data(),
                                              values_.data(), &count, nullptr);
  if (error == -ENOSPC) {
    /* A hash bucket with more entries than the buffers hold. */
    keys_.resize(keys_.size() * 2);
    values_.resize(values_.size() * 2);
    return read_batch(half, first);
  }
  if (error != 0 && error != -ENOENT) {
    throw Failure(-error, "bpf_map_lookup_and_delete_batch").about("map flows");
  }
  position_ = next;

  size_t offset = records_.size();
  records_.resize(offset + count * sizeof(flow_record));
  auto* record = reinterpret_cast<flow_record*>(records_.data() + offset);
  for (uint32_t i = 0; i < count; ++i, ++record) {
    std::memcpy(&record->key, &keys_[i], sizeof(flow_key));
    std::memcpy(&record->value, &values_[i], sizeof(flow_value));
  }
  return error == 0;
}

PointMap::PointMap(std::shared_ptr<BpfObject> object) : object_(std::move(object)) {}

std::vector<point_counters> PointMap::per_cpu(const point_key& key, int& error) const {
  std::vector<point_counters> counters(static_cast<size_t>(libbpf_num_possible_cpus()));
  error = bpf_map_lookup_elem(object_->map_fd("points"), &key, counters.data());
  return counters;
}

void PointMap::add(const point_key& key, uint32_t link_header) {
  int error = 0;
  std::vector<point_counters> counters = per_cpu(key, error);
  bool is_new = error == -ENOENT;
  if (is_new) {
    std::memset(counters.data(), 0, counters.size() * sizeof(point_counters));
  } else if (error != 0) {
    throw Failure(-error, "bpf_map_lookup_elem").about("map points");
  }
  for (point_counters& cpu : counters) cpu.link_header = link_header;
  error = bpf_map_update_elem(object_->map_fd("points"), &key, counters.data(), BPF_ANY);
  if (error != 0)
    throw Failure(-error, "bpf_map_update_elem", "Too many observation points").about("map points");
  if (is_new) keys_.push_back(key);
}

std::vector<PointTotals> PointMap::read() const {
  std::vector<PointTotals> totals;
  for (const point_key& key : keys_) {
    int error = 0;
    PointTotals total = {key, {}};
    for (const point_counters& cpu : per_cpu(key, error)) {
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
    if (error != 0) throw Failure(-error, "bpf_map_lookup_elem").about("map points");
    totals.push_back(total);
  }
  return totals;
}

}  // namespace vethscope
