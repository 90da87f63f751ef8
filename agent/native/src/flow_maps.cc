#include "flow_maps.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "failure.h"
#include "percpu_merge.h"

namespace vethscope {

namespace {

constexpr size_t kBatchValues = 4096;
constexpr size_t kFewestEntries = 64;
/* The kernel rounds the value of each CPU up to 8 bytes. */
static_assert(sizeof(flow_value) % 8 == 0);

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

FlowMaps::FlowMaps(std::shared_ptr<BpfObject> object, size_t cpus)
    : object_(std::move(object)),
      halves_({object_->map_fd("flows_a"), object_->map_fd("flows_b")}),
      cpus_(cpus) {
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
    keys_.resize(std::max(kBatchValues / cpus_, kFewestEntries));
    values_.resize(keys_.size() * cpus_);
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
    record->value = cpus_ == 1 ? values_[i] : merge_cpus(&values_[i * cpus_], cpus_);
  }
  return error == 0;
}

}  // namespace vethscope
